"""LF-consistency: does the output, shrunk, agree with the shrunk target and with the shrunk input? (design §9)

"Shrunk" is antialiased bicubic of the written 8-bit picture to a quarter of the target's size, never the cell mean.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from harmonic.ops.quality import BAND_SCALE, psnr
from harmonic.ops.resize import imresize


@dataclass(frozen=True)
class Consistency:
    """PSNR in dB of quarter-size pictures, inf if equal: the output against the target, and against the input."""

    target: float
    input: float


def lf_consistency(output: np.ndarray, target: np.ndarray, given: np.ndarray) -> Consistency:
    """output, target (sH, sW) or (sH, sW, C), given (H, W) or (H, W, C), s of 1 to 4, all on the 0–255 scale.

    Nothing is rounded after shrinking. If the output matches the input but not the target, the low band's damage was
    kept; if it matches the target but not the input, it was repaired. Raises ValueError when the shapes do not fit.
    """
    scale = output.shape[0] // given.shape[0] if given.shape[0] else 0
    whole = (scale * given.shape[0], scale * given.shape[1], *given.shape[2:])
    if output.shape != target.shape or output.shape != whole or not 1 <= scale <= BAND_SCALE:
        raise ValueError(f"output {output.shape}, target {target.shape} and input {given.shape} do not fit together")
    small = imresize(output.astype(np.float64), Fraction(1, BAND_SCALE))
    wanted = imresize(target.astype(np.float64), Fraction(1, BAND_SCALE))
    seen = imresize(given.astype(np.float64), Fraction(scale, BAND_SCALE))
    return Consistency(psnr(small, wanted), psnr(small, seen))
