"""Resizing as training code of the field does it: torch's `area`, `bilinear` and `bicubic`, as sparse weights per axis.

Without antialiasing (torch's `interpolate(antialias=False)`), for damages that others made; MATLAB's exact bicubic
stands in `resize.py`. Weights are made from lengths alone, so that NumPy and a device can use the same ones.
"""

from typing import Literal

import numpy as np

Kernel = Literal["area", "bilinear", "bicubic"]


def interpolation_taps(length: int, size: int, kernel: Kernel) -> tuple[np.ndarray, np.ndarray]:
    """Input positions and weights of every output sample of one axis; both ends of the axis fall on each other.

    -> indices (size, T) int in [0, length), weights (size, T) float64 with rows that sum to 1. Edge pixels are
    replicated. Raises ValueError unless both lengths are positive.
    """
    if length < 1 or size < 1:
        raise ValueError(f"lengths must be positive, got {length} and {size}")
    outputs = np.arange(size)
    if kernel == "area":
        first, last = outputs * length // size, -(-(outputs + 1) * length // size)  # floor, ceil
        positions = first[:, None] + np.arange((last - first).max())
        weights = (positions < last[:, None]) / (last - first)[:, None]
        return np.minimum(positions, length - 1), weights
    centre = (outputs + 0.5) * (length / size) - 0.5
    left = np.floor(centre).astype(np.int64)
    t = (centre - left)[:, None]
    if kernel == "bilinear":
        positions, weights = left[:, None] + np.arange(2), np.concatenate([1 - t, t], 1)
    else:
        positions, weights = left[:, None] + np.arange(-1, 3), np.concatenate(_keys(t), 1)
    return positions.clip(0, length - 1), weights


def dense(indices: np.ndarray, weights: np.ndarray, length: int) -> np.ndarray:
    """Taps, of this file or of `resize.py`, as a matrix that acts on columns of an axis. -> (size, length) float64"""
    matrix = np.zeros((len(indices), length))
    np.add.at(matrix, (np.arange(len(indices))[:, None], indices), weights)
    return matrix


def interpolate(picture: np.ndarray, height: int, width: int, kernel: Kernel) -> np.ndarray:
    """(H, W, C) float -> (height, width, C), same dtype; the axis that shrinks more comes first."""
    sizes = (height, width)
    for axis in sorted((0, 1), key=lambda axis: sizes[axis] / picture.shape[axis]):
        if sizes[axis] != picture.shape[axis]:
            picture = _along(picture, sizes[axis], kernel, axis)
    return picture


def _along(picture: np.ndarray, size: int, kernel: Kernel, axis: int) -> np.ndarray:
    indices, weights = interpolation_taps(picture.shape[axis], size, kernel)
    column = (-1, 1, 1) if axis == 0 else (1, -1, 1)
    total = np.zeros([size if i == axis else n for i, n in enumerate(picture.shape)], picture.dtype)
    for index, weight in zip(indices.T, weights.T.astype(picture.dtype), strict=True):
        total += picture.take(index, axis) * weight.reshape(column)
    return total


def _keys(t: np.ndarray, a: float = -0.75) -> list[np.ndarray]:
    """Cubic convolution weights of the pixels at -1, 0, 1 and 2 for a place t in [0, 1) between 0 and 1."""

    def near(x: np.ndarray) -> np.ndarray:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: np.ndarray) -> np.ndarray:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]
