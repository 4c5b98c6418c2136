"""Apply a chain of degradations to one picture. Every random draw comes from the generator passed in."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np

from harmonic.degrade.blur import gaussian_blur
from harmonic.degrade.jpeg import jpeg
from harmonic.degrade.kinds import Blur, Degradation, Jpeg, Noise, Round
from harmonic.ops.eight_bit import to_float, to_uint8

# Generator is the quick one (training); RandomState streams are frozen by NumPy's policy (golden suites).
Random = np.random.Generator | np.random.RandomState


def degrade(picture: np.ndarray, steps: Sequence[Degradation], rng: Random) -> np.ndarray:
    """Apply `steps` in order. (H, W, 3) float32 or float64 in [0, 1] -> same shape and dtype, a new array.

    Nothing is clamped except by the steps that say so, so unclipped noise leaves [0, 1].
    Raises ValueError for another shape or dtype.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype not in (np.float32, np.float64):
        raise ValueError(f"expected (H, W, 3) float32 or float64, got {picture.shape} {picture.dtype}")
    result = picture.copy()
    for step in steps:
        result = _apply(result, step, rng)
    return result


def _apply(picture: np.ndarray, step: Degradation, rng: Random) -> np.ndarray:
    dtype = picture.dtype.type
    match step:
        case Blur(sigma=sigma):
            return gaussian_blur(picture, sigma)
        case Noise(sigma=sigma, clip=clip, grey=grey):
            shape = (*picture.shape[:2], 1) if grey else picture.shape
            noisy = picture + standard_normal(rng, shape, dtype) * dtype(sigma / 255)
            return np.clip(noisy, 0, 1, out=noisy) if clip else noisy
        case Jpeg(quality=quality, subsampling=subsampling):
            return to_float(jpeg(to_uint8(picture), quality, subsampling), dtype)
        case Round():
            return to_float(to_uint8(picture), dtype)
        case _:
            assert_never(step)


def standard_normal(rng: Random, shape: tuple[int, ...], dtype: type[np.floating]) -> np.ndarray:
    """Unit Gaussian samples of `dtype`, in C order. Only `Generator` can draw float32 directly (twice as fast)."""
    if isinstance(rng, np.random.Generator) and dtype is np.float32:
        return rng.standard_normal(shape, dtype=np.float32)
    return rng.standard_normal(shape).astype(dtype, copy=False)
