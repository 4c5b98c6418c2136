"""Measures taken besides PSNR and SSIM, picture by picture, each with what it is exactly."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harmonic.errors import UsageError
from harmonic.measure.lpips import LPIPS, lpips
from harmonic.measure.natural import niqe_free
from harmonic.ops.block_artefacts import psnr_b, psnr_b_of_channels, psnr_b_of_luma
from harmonic.ops.box_similarity import box_ssim
from harmonic.ops.colour_difference import colour_shift
from harmonic.ops.consistency import lf_consistency
from harmonic.ops.gradient_similarity import gmsd
from harmonic.ops.ms_ssim import SMALLEST, ms_ssim
from harmonic.ops.quality import grey, psnr
from harmonic.ops.scene_statistics import PATCH
from harmonic.ops.texture_distance import texture_distance


@dataclass(frozen=True, eq=False)
class Seen:
    """What a measure may look at, all uint8, (H, W, 3) or (H, W).

    picture, clean: borders shaved as the protocol says; clean: None where there is none. whole: the picture unshaved.
    given: the degraded picture, smaller by the scale; None where the picture is the input itself. exact: `picture`
    before it was rounded, on the 0–255 scale, where the protocol takes that; else the same.
    """

    picture: np.ndarray
    clean: np.ndarray | None
    whole: np.ndarray
    given: np.ndarray | None
    exact: np.ndarray


@dataclass(frozen=True)
class Measure:
    """what: the figure, exactly. higher: is more better? take: not-a-number where it does not apply to the pictures."""

    name: str
    what: str
    higher: bool
    take: Callable[[Seen], float]

    @property
    def protocol(self) -> str:
        """For readers of a report."""
        return self.what if self.higher else f"{self.what}; lower is better"


def measure_named(name: str) -> Measure:
    """The measure of that name; raises UsageError naming the known ones."""
    for measure in MEASURES:
        if measure.name == name:
            return measure
    raise UsageError(f"{name}: no such measure; choose from all, {', '.join(m.name for m in MEASURES)}, fd_nss, p63")


def lpips_measure(network: LPIPS) -> Measure:
    """With the weights of a user's file."""
    what = "LPIPS-VGG 0.1, no resizing, weights of the user's file"
    take = _only(_compared, lambda s: lpips(network, _rgb(s.picture), _rgb(_clean(s))))
    return Measure("lpips", what, False, take)


def _clean(seen: Seen) -> np.ndarray:
    if seen.clean is None:
        raise ValueError("this measure needs the clean picture")
    return seen.clean


def _rgb(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)


def _only(applies: Callable[[Seen], bool], take: Callable[[Seen], float]) -> Callable[[Seen], float]:
    return lambda seen: take(seen) if applies(seen) else float("nan")


def _compared(seen: Seen) -> bool:
    return seen.clean is not None


def _colour(seen: Seen) -> bool:
    return seen.clean is not None and seen.picture.ndim == 3


def _grey(seen: Seen) -> bool:
    return seen.clean is not None and seen.picture.ndim == 2


def _sides(least: int) -> Callable[[Seen], bool]:
    return lambda seen: min(seen.picture.shape[:2]) >= least


def _ms_ssim(seen: Seen) -> float:
    return ms_ssim(seen.picture, _clean(seen)) if _sides(SMALLEST)(seen) else float("nan")


def _lf_input(seen: Seen) -> float:
    if seen.given is None:
        return float("nan")
    return lf_consistency(seen.whole, seen.whole, seen.given).input


MEASURES = (
    Measure("psnr_y", "PSNR of unrounded studio-range luma (C4)", True,
            _only(_compared, lambda s: psnr(grey(s.picture), grey(_clean(s))))),
    Measure("psnr_b", "PSNR-B, grey, whole numbers of borders (P-JP-3)", True,
            _only(_grey, lambda s: psnr_b(s.picture, _clean(s)))),
    Measure("psnr_b_real", "PSNR-B, grey, real-valued numbers of borders (P-JP-3, FBCNN)", True,
            _only(_grey, lambda s: psnr_b(s.picture, _clean(s), "real"))),
    Measure("psnr_b_channels", "PSNR-B, colour form a: mean of channels (P-JP-4, SwinIR)", True,
            _only(_colour, lambda s: psnr_b_of_channels(s.picture, _clean(s)))),
    Measure("psnr_b_luma", "PSNR-B, colour form b: error of RGB, steps of rounded luma (P-JP-4, FBCNN)", True,
            _only(_colour, lambda s: psnr_b_of_luma(s.picture, _clean(s)))),
    Measure("ms_ssim", "MS-SSIM of five scales, mean of channels", True, _only(_compared, _ms_ssim)),
    Measure("ssim_box", "SSIM of 7x7 boxes with sample covariances, scikit-image's default (P-AIO-4)", True,
            _only(_compared, lambda s: box_ssim(s.exact, _clean(s)))),
    Measure("gmsd", "GMSD of luma", False, _only(_compared, lambda s: gmsd(grey(s.picture), grey(_clean(s))))),
    Measure("lf_input", "LF-consistency: PSNR of the output against the input, both 4x-down-sampled", True,
            _lf_input),
    Measure("colour_shift", "mean CIEDE2000 at a sixteenth of the size", False,
            _only(_colour, lambda s: colour_shift(s.picture, _clean(s)))),
    Measure("texture", "sliced-Wasserstein distance of Laplacian levels, whole pictures, grey levels", False,
            _only(_compared, lambda s: texture_distance(s.picture, _clean(s)))),
    Measure("niqe_free",
            "NIQE-free: model of free pictures, not NIQE's; luma, whole picture, two patches of 96² at least", False,
            _only(_sides(PATCH), lambda s: niqe_free(_rgb(s.picture)))),
)  # fmt: skip
