"""Which clean pictures a suite is measured on, and how they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from harmonic.errors import PictureError
from harmonic.images.folder import list_pictures
from harmonic.images.read import read_picture
from harmonic.ops.quality import luma

SetName = Literal["CBSD68", "LIVE1", "Classic5", "Set5", "Set14", "B100", "RealSRSet"]
SMALLEST = 11  # pixels a side: SSIM's window


@dataclass(frozen=True)
class PictureSet:
    """A named, ordered set of clean pictures."""

    name: str
    files: tuple[Path, ...]


def find_sets(data: Path, published: Sequence[SetName]) -> list[PictureSet]:
    """The sets that `data` means for a suite with these published ones: all of them, or the one that `data` is."""
    if data.suffix.lower() != ".txt" and (data / "test").is_dir():
        return [find_set(data, name) for name in published]
    return [find_set(data, published[0])]


def find_set(data: Path, preferred: SetName) -> PictureSet:
    """The pictures that `data` means for a suite whose published set is `preferred`.

    data: a folder with the test sets in `test/` (then the published set itself); or any folder of clean pictures,
    a list file (.txt, a path a line, relative to the file), or one picture.
    Raises PictureError if there is none.
    """
    if data.suffix.lower() == ".txt":
        return PictureSet(data.stem, _read_list(data))
    if not (data / "test").is_dir():
        return PictureSet(data.resolve().name, tuple(list_pictures(data)))
    match preferred:
        case "CBSD68" | "B100":
            return PictureSet(preferred, _read_list(data / "test" / f"{preferred}.txt"))
        case _:
            return PictureSet(preferred, tuple(list_pictures(data / "test" / preferred)))


def read_clean(file: Path) -> np.ndarray:
    """(H, W, 3) uint8; grey pictures repeated, transparency ignored. Raises PictureError."""
    colour = _read(file)
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3)))


def read_grey(file: Path) -> np.ndarray:
    """(H, W) uint8: a grey picture as it is, of others the luma of protocol C4, rounded. Raises PictureError."""
    colour = _read(file)
    return colour[..., 0] if colour.shape[2] == 1 else np.floor(luma(colour) + 0.5).astype(np.uint8)


def _read(file: Path) -> np.ndarray:
    colour = read_picture(file, deep=False).colour
    if min(colour.shape[:2]) < SMALLEST:
        raise PictureError(f"{file}: sides under {SMALLEST} pixels cannot be measured; leave the picture out")
    return colour


def _read_list(file: Path) -> tuple[Path, ...]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PictureError(f"{file}: this list of pictures cannot be read ({error}); check the path") from None
    files = tuple(file.parent / line.strip() for line in lines if line.strip())
    if not files:
        raise PictureError(f"{file}: this list names no pictures; write one path a line")
    return files
