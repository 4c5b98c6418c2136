"""Measures of whole sets: all patches of the outputs against those of the clean pictures, as clouds or one by one."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from harmonic.measure.inception import Inception
from harmonic.measure.natural import fd_nss
from harmonic.measure.patch_fid import ENOUGH, patch_features
from harmonic.measure.patch_fid import PATCH as FID_PATCH
from harmonic.ops.frechet import frechet_distance
from harmonic.ops.quality import luma
from harmonic.ops.scene_statistics import PATCH, scene_features


@dataclass(frozen=True)
class SetMeasure:
    """features: (H, W, 3) uint8 -> (N, D), N may be 0. distance: of clouds (N, D) and (M, D), the clean one last."""

    name: str
    protocol: str
    features: Callable[[np.ndarray], np.ndarray]
    distance: Callable[[np.ndarray, np.ndarray], float]

    def gather(self) -> "Clouds":
        return Clouds(self)


@dataclass(eq=False)
class Clouds:
    """Patches of one setting as they come in: of the inputs, of the outputs, and of the clean pictures."""

    measure: SetMeasure
    patches: dict[str, list[np.ndarray]] = field(default_factory=lambda: {"before": [], "after": [], "clean": []})

    def add(self, before: np.ndarray, after: np.ndarray, clean: np.ndarray) -> None:
        for name, picture in (("before", before), ("after", after), ("clean", clean)):
            found = self.measure.features(picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2))
            if len(found):
                self.patches[name].append(found)

    def figures(self) -> dict[str, float]:
        """before, after: against the clean pictures, and how many patches those have; none below two patches."""
        clouds = {name: np.concatenate(parts) if parts else np.empty((0, 1)) for name, parts in self.patches.items()}
        if min(map(len, clouds.values())) < 2:
            return {"patches": len(clouds["clean"])}
        distances = {name: self.measure.distance(clouds[name], clouds["clean"]) for name in ("before", "after")}
        return {**distances, "patches": len(clouds["clean"])}


def _scene(picture: np.ndarray) -> np.ndarray:
    return scene_features(luma(picture))[0] if min(picture.shape[:2]) >= PATCH else np.empty((0, 36))


FD_NSS = SetMeasure(
    "fd_nss", f"FD-NSS: Fréchet distance of scene statistics of {PATCH}² patches; lower is better", _scene, fd_nss
)


TILE = 63


@dataclass(frozen=True)
class TileMeasure:
    """RL-Restore's PSNR of tiles (P-RL-5), but of 8-bit outputs as all of HMIX-1: each against the clean one at its
    place."""

    name: str = "p63"
    protocol: str = f"P63: mean PSNR of all whole {TILE}² tiles from the top left (P-RL-5), of 8-bit outputs"

    def gather(self) -> "Tiles":
        return Tiles(self)


@dataclass(eq=False)
class Tiles:
    """PSNR of the tiles of one setting as they come in."""

    measure: TileMeasure
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)

    def add(self, before: np.ndarray, after: np.ndarray, clean: np.ndarray) -> None:
        self.before += tile_psnr(before, clean)
        self.after += tile_psnr(after, clean)

    def figures(self) -> dict[str, float]:
        """before, after: dB; patches: how many tiles; none without any."""
        if not self.after:
            return {"patches": 0}
        return {"before": float(np.mean(self.before)), "after": float(np.mean(self.after)), "patches": len(self.after)}


def tile_psnr(picture: np.ndarray, clean: np.ndarray) -> list[float]:
    """(H, W) or (H, W, 3) uint8 each -> dB of each whole tile."""
    rows, columns = (side // TILE for side in clean.shape[:2])
    error = (picture[: rows * TILE, : columns * TILE] / 255 - clean[: rows * TILE, : columns * TILE] / 255) ** 2
    means = error.reshape(rows, TILE, columns, TILE, -1).mean(axis=(1, 3, 4)).ravel()
    return list(10 * np.log10(1 / (means + 1e-10)))


P63 = TileMeasure()
OF_SETS = (FD_NSS, P63)
"""Those that need no weights."""


def patch_fid_measure(network: Inception) -> SetMeasure:
    """With the weights of a user's file."""
    protocol = (
        f"patch-FID: {FID_PATCH}² patches, bilinear to 299², weights of the user's file; lower is better; figures of "
        f"fewer than {ENOUGH} patches are not to be compared"
    )
    return SetMeasure("patch_fid", protocol, lambda picture: patch_features(network, picture), frechet_distance)
