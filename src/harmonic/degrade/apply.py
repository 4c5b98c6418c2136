"""Apply a chain of degradations to one picture. Every random draw comes from the generator passed in."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import assert_never

import numpy as np

from harmonic.degrade.blur import convolve, gaussian_blur
from harmonic.degrade.codecs import jpeg, webp
from harmonic.degrade.kernels import kernel_of
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
    Round,
    Sinc,
    Speckle,
    ToScale,
    WebP,
)
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.interpolate import interpolate
from harmonic.ops.resize import imresize

# Generator is the quick one (training); RandomState streams are frozen by NumPy's policy (golden suites).
Random = np.random.Generator | np.random.RandomState
Size = tuple[int, int]


def degrade(picture: np.ndarray, steps: Sequence[Degradation], rng: Random) -> np.ndarray:
    """Apply `steps` in order. (H, W, 3) float32 or float64 in [0, 1] -> (h, w, 3), same dtype, a new array.

    h and w are those of `final_size`: H and W unless a step changes the size. Nothing is clamped except by the steps
    that say so, so unclipped noise leaves [0, 1]. Raises ValueError for another shape or dtype.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype not in (np.float32, np.float64):
        raise ValueError(f"expected (H, W, 3) float32 or float64, got {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    result = picture.copy()
    for step in steps:
        result = _apply(result, step, (height, width), rng)
    return result


def next_size(step: Degradation, size: Size, start: Size) -> Size:
    """(height, width) after a step on a picture of `size`, in a chain that started with `start`."""
    match step:
        case Resize(factor=factor):
            height, width = (max(1, round(side * factor)) for side in size)
        case ToScale(scale=scale):
            height, width = (_shrunk(side, scale) for side in start)
        case Bicubic(scale=scale):
            height, width = (_shrunk(side, scale) for side in size)
        case _:
            return size
    return height, width


def final_size(steps: Sequence[Degradation], start: Size) -> Size:
    """(height, width) of what a chain makes of a picture of size `start`."""
    size = start
    for step in steps:
        size = next_size(step, size, start)
    return size


def _shrunk(side: int, scale: float) -> int:
    return ceil(side / Fraction(scale).limit_denominator(1 << 16))  # exact: 4.0000001 is 4


def _apply(picture: np.ndarray, step: Degradation, start: Size, rng: Random) -> np.ndarray:
    dtype = picture.dtype.type
    match step:
        case Blur(sigma=sigma):
            return gaussian_blur(picture, sigma)
        case AnisotropicBlur() | MotionBlur() | Sinc():
            return convolve(picture, kernel_of(step))
        case Noise(sigma=sigma):
            return _noisy(picture, step, _normal(picture, step.grey, rng) * dtype(sigma / 255))
        case PoissonNoise():
            return _noisy(picture, step, _photon_noise(picture, step, rng))
        case Speckle(sigma=sigma):
            return _noisy(picture, step, picture * _normal(picture, step.grey, rng) * dtype(sigma / 255))
        case Jpeg(quality=quality, subsampling=subsampling):
            return to_float(jpeg(to_uint8(picture), quality, subsampling), dtype)
        case WebP(quality=quality):
            return to_float(webp(to_uint8(picture), quality), dtype)
        case Round():
            return to_float(to_uint8(picture), dtype)
        case Resize(kernel=kernel) | ToScale(kernel=kernel):
            size: Size = picture.shape[:2]  # pyright: ignore[reportAssignmentType]
            return interpolate(picture, *next_size(step, size, start), kernel)
        case Bicubic(scale=scale):
            return to_float(imresize(to_uint8(picture), Fraction(1, scale)), dtype)
        case _:
            assert_never(step)


def _noisy(picture: np.ndarray, step: Noise | PoissonNoise | Speckle, noise: np.ndarray) -> np.ndarray:
    noisy = picture + noise
    return np.clip(noisy, 0, 1, out=noisy) if step.clip else noisy


def _normal(picture: np.ndarray, grey: bool, rng: Random) -> np.ndarray:
    return standard_normal(rng, (*picture.shape[:2], 1) if grey else picture.shape, picture.dtype.type)


def _photon_noise(picture: np.ndarray, step: PoissonNoise, rng: Random) -> np.ndarray:
    light = picture.mean(2, keepdims=True) if step.grey else picture
    expected = np.clip(light, 0, 1) * 255
    return ((rng.poisson(expected) - expected) * (step.scale / 255)).astype(picture.dtype)


def standard_normal(rng: Random, shape: tuple[int, ...], dtype: type[np.floating]) -> np.ndarray:
    """Unit Gaussian samples of `dtype`, in C order. Only `Generator` can draw float32 directly (twice as fast)."""
    if isinstance(rng, np.random.Generator) and dtype is np.float32:
        return rng.standard_normal(shape, dtype=np.float32)
    return rng.standard_normal(shape).astype(dtype, copy=False)
