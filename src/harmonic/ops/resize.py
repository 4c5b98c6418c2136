"""MATLAB's `imresize(picture, scale, 'bicubic')` to the bit: the resampling of every published benchmark.

Pillow's and torch's bicubic differ at edges or in rounding (protocol P-SR-11) and are not substitutes.
"""

from fractions import Fraction
from math import ceil

import numpy as np

_STRIP = 64  # lines at a time


def imresize(picture: np.ndarray, scale: Fraction | float) -> np.ndarray:
    """(H, W) or (H, W, C)  ->  ceil(scale H) x ceil(scale W), antialiased when it shrinks.

    uint8 comes back as uint8, rounded half up and clipped after each of the two passes as MATLAB does (P-SR-4);
    anything else comes back as unrounded float64. Raises ValueError unless scale is positive.
    """
    scale = Fraction(scale).limit_denominator(1 << 16)  # 1/3 as a float becomes 1/3 again
    if scale <= 0:
        raise ValueError(f"scale must be positive, got {scale}")
    for axis in (0, 1):  # equal scales: rows first
        picture = _resize_axis(picture, scale, axis)
    return picture


def resize_to(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W, ...) -> (height, width, ...), same type: `imresize` to an exact size, in strips, so that little more than
    input and output lies in memory. Integers are rounded half up and clipped after each pass. Raises ValueError unless
    both sides are positive.
    """
    if height < 1 or width < 1:
        raise ValueError(f"sides must be positive, got {height} and {width}")
    axes = sorted(((height, 0), (width, 1)), key=lambda side: Fraction(side[0], picture.shape[side[1]]))
    for length, axis in axes:  # the axis that shrinks more comes first, as in MATLAB
        if length != picture.shape[axis]:
            picture = _resize_strips(picture, length, axis)
    return picture


def cubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution kernel with a = -0.5, support [-2, 2]."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def taps(length: int, scale: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Input positions and weights of every output sample of one axis (P-SR-3).

    -> indices (N, T) int in [0, length), weights (N, T) float64 with rows that sum to 1, N = ceil(scale · length).
    """
    stretch = max(1.0, float(1 / scale))  # shrinking widens the kernel: antialiasing
    support = 4 * stretch
    centre = np.arange(1, ceil(length * scale) + 1) / float(scale) + 0.5 * (1 - 1 / float(scale))  # 1-based
    first = np.floor(centre - support / 2)
    positions = first[:, None] + np.arange(ceil(support) + 2)
    weights = cubic((centre[:, None] - positions) / stretch)
    weights /= weights.sum(axis=1, keepdims=True)
    mirror = np.concatenate([np.arange(length), np.arange(length)[::-1]])  # the edge pixel is repeated
    return mirror[(positions.astype(np.int64) - 1) % (2 * length)], weights


def _resize_axis(picture: np.ndarray, scale: Fraction, axis: int) -> np.ndarray:
    indices, weights = taps(picture.shape[axis], scale)
    source = picture.astype(np.float64)
    column = tuple(-1 if i == axis else 1 for i in range(source.ndim))
    total = np.zeros([len(indices) if i == axis else n for i, n in enumerate(source.shape)])
    for index, weight in zip(indices.T, weights.T, strict=True):
        if weight.any():  # the outer taps of the padded support are often all zero
            total += weight.reshape(column) * source.take(index, axis)
    if picture.dtype == np.uint8:
        return np.clip(np.floor(total + 0.5), 0, 255).astype(np.uint8)
    return total


def _resize_strips(picture: np.ndarray, length: int, axis: int) -> np.ndarray:
    shape = list(picture.shape)
    shape[axis] = length
    result = np.empty(shape, picture.dtype)
    lines, target = (np.moveaxis(array, 1 - axis, 0) for array in (picture, result))
    for start in range(0, len(lines), _STRIP):
        exact = _resize_axis(lines[start : start + _STRIP].astype(np.float64), Fraction(length, picture.shape[axis]), 1)
        if np.issubdtype(picture.dtype, np.integer):
            exact = np.clip(np.floor(exact + 0.5), 0, np.iinfo(picture.dtype).max)
        target[start : start + _STRIP] = exact
    return result
