"""Natural-scene statistics: how locally normalised brightness and its neighbours' products are distributed.

Clean photographs all have nearly the same; noise, blur and blocks change them. Fixed formulas, nothing is learnt.
Source: Mittal, Soundararajan and Bovik, "Making a completely blind image quality analyzer", IEEE SPL 2013 (NIQE).
"""

from collections.abc import Sequence
from functools import cache
from math import exp, lgamma

import numpy as np

from harmonic.ops.resize import imresize

PATCH = 96
"""Pixels a side of a patch at full size."""

FEATURES = 36
"""Of a patch: 18 at full and 18 at half size."""

FLAT = 0.1
"""Grey levels, less than rounding to 8 bit leaves: there is nothing to describe."""

_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
_HALF = 3  # of the window of 7 pixels
_LINE = np.exp(-(np.arange(-_HALF, _HALF + 1.0) ** 2) / (2 * (7 / 6) ** 2))
_LINE /= _LINE.sum()


def scene_features(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features of each whole patch of 96 x 96 from the top left -> (N, 36), and how sharp each is -> (N,).

    plane (H, W), luma on the 0–255 scale, sides of at least 96 pixels; ValueError otherwise. Per size: shape and scale
    of the normalised brightness, then shape, mean and both scales of its products with four neighbours.
    Sharpness: mean of the local standard deviation in grey levels; a patch below `FLAT` of it is left out.
    """
    if plane.ndim != 2 or min(plane.shape) < PATCH:
        raise ValueError(f"expected (H, W) with sides of at least {PATCH} pixels, got {plane.shape}")
    rows, columns = (side // PATCH for side in plane.shape)
    plane = plane[: rows * PATCH, : columns * PATCH].astype(np.float64)
    sizes, sharpness = [], None
    for patch in (PATCH, PATCH // 2):
        normalised, deviation = normalise(plane)
        if sharpness is None:
            sharpness = _patches(deviation, patch).mean((1, 2))
        sizes.append(_features(_patches(normalised, patch)))
        plane = imresize(plane, 0.5)
    features = np.concatenate(sizes, axis=1)
    assert sharpness is not None
    told = np.isfinite(features).all(1) & (sharpness > FLAT)
    return features[told], sharpness[told]


def normalise(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(x - mean) / (deviation + 1) over a Gaussian window of 7 x 7, and the deviation. Edges repeated. Same shapes"""
    mean = _smooth(plane)
    deviation = np.sqrt(np.abs(_smooth(plane * plane) - mean * mean))
    return (plane - mean) / (deviation + 1), deviation


def fit_asymmetric(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Asymmetric generalised Gaussian of each row by moments. (N, S) -> shape, left scale, right scale, (N,) each.

    Shape 2 and scale √2 σ on both sides is the normal distribution, shape 1 the Laplacian. Shapes lie in [0.2, 10].
    Rows without values on a side give not-a-number.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = samples * samples
        below, above = samples < 0, samples > 0
        left, right = (np.sqrt((squares * side).sum(1) / side.sum(1)) for side in (below, above))
        skew = left / right
        ratio = np.abs(samples).mean(1) ** 2 / squares.mean(1)
        wanted = ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shapes, ratios, spread, _ = _table()
    place = np.clip(np.searchsorted(ratios, wanted), 1, len(ratios) - 1)  # ratios rise with the shape
    place -= wanted - ratios[place - 1] < ratios[place] - wanted
    known = np.isfinite(wanted)
    shape, factor = np.where(known, shapes[place], np.nan), spread[place]
    return shape, left * factor, right * factor


def _features(patches: np.ndarray) -> np.ndarray:
    """(N, P, P) normalised -> (N, 18)"""
    count = len(patches)
    shape, left, right = fit_asymmetric(patches.reshape(count, -1))
    columns: Sequence[np.ndarray] = [shape, (left + right) / 2]
    for shift in _SHIFTS:
        product = patches * np.roll(patches, shift, (1, 2))
        shape, left, right = fit_asymmetric(product.reshape(count, -1))
        columns = [*columns, shape, (right - left) * _mean_factor(shape), left, right]
    return np.stack(columns, 1)


def _mean_factor(shape: np.ndarray) -> np.ndarray:
    shapes, _, _, mean = _table()
    known = np.isfinite(shape)
    place = np.searchsorted(shapes, np.where(known, shape, 1.0) - 1e-9)
    return np.where(known, mean[place], np.nan)


@cache
def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shapes 0.2, 0.201 … 10; E|x|² / E x²; scale over deviation; mean of one side over its scale."""
    shapes = np.arange(200, 10001) / 1000
    one, two, three = (np.array([lgamma(k / shape) for shape in shapes]) for k in (1, 2, 3))
    ratios = np.exp(2 * two - one - three)
    return shapes, ratios, np.exp((one - three) / 2), np.array([exp(value) for value in two - one])


def _patches(plane: np.ndarray, side: int) -> np.ndarray:
    """(H, W), multiples of `side` -> (N, side, side), row by row"""
    height, width = plane.shape
    cut = plane.reshape(height // side, side, width // side, side)
    return cut.transpose(0, 2, 1, 3).reshape(-1, side, side)


def _smooth(plane: np.ndarray) -> np.ndarray:
    padded = np.pad(plane, _HALF, mode="edge")
    rows = np.zeros((plane.shape[0], padded.shape[1]))
    result = np.zeros(plane.shape)
    for i, weight in enumerate(_LINE):
        rows += weight * padded[i : i + plane.shape[0]]
    for i, weight in enumerate(_LINE):
        result += weight * rows[:, i : i + plane.shape[1]]
    return result
