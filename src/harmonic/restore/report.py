"""What a restoration did to a picture, measured on the written file: damage before and after, and fidelity."""

from dataclasses import dataclass

import numpy as np

from harmonic.images.picture import Picture
from harmonic.ops.damage import blockiness, noise_level, sharpness
from harmonic.ops.quality import psnr
from harmonic.ops.resize import resize_to

_EQUAL = 100.0  # dB, for equal pictures, since JSON knows no infinity
_SHRINK = 4


@dataclass(frozen=True)
class Signs:
    """Of one picture. noise: grey levels of 255, mean of the channels. sharpness: 0 to 1. blockiness: 1 = none."""

    noise: float
    sharpness: float
    blockiness: float


@dataclass(frozen=True)
class Change:
    """before, after: of input and output. fidelity: PSNR in dB of both at a quarter of the output's size, 100 if equal:
    above 35 or so structure and colour are those of the input.
    """

    before: Signs
    after: Signs
    fidelity: float

    def __str__(self) -> str:
        a, b = self.before, self.after
        return (
            f"noise {a.noise:.1f} → {b.noise:.1f}, sharpness {a.sharpness:.2f} → {b.sharpness:.2f}, "
            f"blocks {a.blockiness:.2f} → {b.blockiness:.2f}, low band {self.fidelity:.1f} dB to the input"
        )


def change(given: Picture, result: Picture) -> Change:
    before, after = levels(given.colour), levels(result.colour)
    return Change(signs(before), signs(after), low_band_fidelity(after, before))


def levels(colour: np.ndarray) -> np.ndarray:
    """(H, W, C) of any depth -> float32 on the 0–255 scale."""
    if colour.dtype == np.uint8:
        return colour.astype(np.float32)
    most = np.iinfo(colour.dtype).max if np.issubdtype(colour.dtype, np.integer) else 1
    return colour.astype(np.float32) * np.float32(255 / most)


def signs(picture: np.ndarray) -> Signs:
    """(H, W, C) on the 0–255 scale."""
    grey = picture.mean(2)
    noise = float(np.mean([noise_level(picture[..., c]) for c in range(picture.shape[2])]))
    return Signs(round(noise, 2), round(sharpness(grey), 3), round(blockiness(grey), 3))


def low_band_fidelity(output: np.ndarray, given: np.ndarray) -> float:
    """PSNR in dB of both, shrunk by antialiased bicubic to a quarter of the output's size; any two sizes."""
    size = [-(-side // _SHRINK) for side in output.shape[:2]]
    small, seen = (resize_to(picture.astype(np.float32), *size) for picture in (output, given))
    if small.shape[2] != seen.shape[2]:
        small, seen = small.mean(2), seen.mean(2)
    return round(min(psnr(small, seen), _EQUAL), 2)
