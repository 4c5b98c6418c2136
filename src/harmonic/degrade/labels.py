"""How much of each degradation a sample carries, 0 to 1: what the routers of experts are taught (design §3.7)."""

from collections.abc import Iterable
from fractions import Fraction
from math import pi, sqrt

import numpy as np

from harmonic.degrade.blur import IDENTITY_BELOW, gaussian_taps
from harmonic.degrade.kernels import kernel_of, spread
from harmonic.degrade.kinds import (
    AnisotropicBlur,
    Bicubic,
    Blur,
    Degradation,
    Jpeg,
    MotionBlur,
    Noise,
    PoissonNoise,
    Resize,
    Sinc,
    Speckle,
    ToScale,
    WebP,
)
from harmonic.ops.interpolate import Kernel, interpolation_taps
from harmonic.ops.resize import taps

_FULL_NOISE, _FULL_BLUR, _BEST_QUALITY = 50.0, 3.0, 95
FLAT = 1e-5
"""Mean square of detail below which there is no texture to lose, about one grey level."""


def strengths(chain: Iterable[Degradation]) -> tuple[float, float, float]:
    """Noise, blur and compression of a chain: 0 none, 1 sigma 50 / sigma 3 pixels / JPEG quality 10 and worse.

    Noise is what is left of it in the end, at mid-grey; independent noises add their variances. Blur and resizing after
    the noise average it; the remaining variance is computed as if the noise were still white, which is an
    approximation.

    Blur is counted in pixels of the end result, and variances add as well. A chain that passed through a smaller size
    than it ends with has lost what lies beyond that size's pixels, and so has one after a `Sinc`: both count as the
    blur that `_lost` says, the size at the end of the chain as none. Compression is that of the worst file; WebP's
    qualities are taken for JPEG's.
    """
    noise = compression = 0.0  # variance on the 0–255 scale; strength
    blur = 0.0  # variance in square pixels of the clean picture
    size = smallest = 1.0  # of the picture, in sides of the clean one
    for step in chain:
        match step:
            case Noise(sigma=sigma):
                noise += sigma**2
            case PoissonNoise(scale=scale):
                noise += scale**2 * 255 / 2
            case Speckle(sigma=sigma):
                noise += (sigma / 2) ** 2
            case Blur(sigma=sigma) if sigma >= IDENTITY_BELOW:
                blur += (sigma / size) ** 2
                noise *= float((gaussian_taps(sigma) ** 2).sum() ** 2)
            case AnisotropicBlur() | MotionBlur():
                kernel = kernel_of(step)
                blur += spread(kernel) / size**2
                noise *= float((kernel**2).sum())
            case Sinc(cutoff=cutoff):
                blur += _lost(cutoff / pi) / size**2
                noise *= float((kernel_of(step) ** 2).sum())
            case Jpeg(quality=quality) | WebP(quality=quality):
                compression = max(compression, (_BEST_QUALITY - quality) / (_BEST_QUALITY - 10))
            case Resize(factor=factor, kernel=kernel):
                noise *= _left_by_resizing(factor, kernel)
                size *= factor
            case ToScale(scale=scale, kernel=kernel):
                noise *= _left_by_resizing(1 / scale / size, kernel)
                size = 1 / scale
            case Bicubic(scale=scale):
                noise *= float((taps(scale, Fraction(1, scale))[1] ** 2).sum() ** 2)
                size /= scale
            case _:
                pass
        smallest = min(smallest, size)
    blur = blur * size**2 + _lost(smallest / size)
    return min(sqrt(noise) / _FULL_NOISE, 1.0), min(sqrt(blur) / _FULL_BLUR, 1.0), min(compression, 1.0)


def _left_by_resizing(factor: float, kernel: Kernel) -> float:
    """Share of the variance of white noise, from the weights of a line of 60 pixels."""
    _, weights = interpolation_taps(60, max(1, round(60 * factor)), kernel)
    return float((weights**2).sum(1).mean() ** 2)


def _lost(share: float) -> float:
    """Variance of the Gaussian blur, in square pixels, that resembles keeping that share of the frequencies of a side.

    share: 0 to 1. A pixel of the smaller picture is 1/share wide; shrinking averages over it and enlarging spreads it
    again: twice the variance of a box, (1/share² - 1) / 12. It halves the contrast near the same frequency.
    """
    return (1 / min(share, 1.0) ** 2 - 1) / 6


def texture_lost(degraded: np.ndarray, clean: np.ndarray) -> float:
    """Share of the clean picture's fine detail that is no longer in the degraded one. (H, W, 3) in [0, 1] both

    The coefficient of the clean detail in the degraded one: noise adds to detail without taking any away.
    """
    before, after = _detail(clean), _detail(degraded)
    energy = float(np.mean(before * before))
    if energy < FLAT:
        return 0.0
    return float(np.clip(1 - np.mean(before * after) / energy, 0, 1))


def _detail(picture: np.ndarray) -> np.ndarray:
    """Grey minus the mean of its four neighbours; the border is left out."""
    grey = picture.mean(2)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return grey[1:-1, 1:-1] - around / 4
