"""Colours of synthetic pictures: drawn by luma and chroma, and made to fit [0, 255] by less chroma, never by clipping.

Photographs are mostly dull: chroma is small and alike within a picture, luma ranges widely.
"""

import numpy as np

LUMA_RANGE = (10.0, 245.0)
"""Of colours that are drawn; what stays free keeps waves and textures off the ends."""


def to_rgb(luma: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Full-range BT.601 (as in JPEG): luma (...,) in [0, 255], chroma (..., 2) about 0 -> (..., 3) in [0, 255].

    Where a channel would leave the range, chroma is lowered until it does not; luma is kept.
    """
    cb, cr = chroma[..., 0], chroma[..., 1]
    offset = np.stack([1.402 * cr, -0.344136 * cb - 0.714136 * cr, 1.772 * cb], axis=-1)
    above, below = offset.max(-1), -offset.min(-1)
    room = np.minimum((255 - luma) / np.maximum(above, 1e-6), luma / np.maximum(below, 1e-6))
    return luma[..., None] + offset * np.clip(room, 0, 1)[..., None]


def palette(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 3) in [0, 255]: colours of one scene, of any luma and of related hues."""
    mean, spread = rng.normal(0, 8, 2), rng.exponential(10)
    return to_rgb(rng.uniform(*LUMA_RANGE, count), mean + rng.normal(0, spread, (count, 2)))


def contrasting(rng: np.random.Generator, least: float = 30, most: float = 220) -> np.ndarray:
    """(2, 3) in [0, 255]: two colours whose lumas lie `least` to `most` apart, either one the darker."""
    low, high = LUMA_RANGE
    apart = rng.uniform(least, min(most, high - low))
    dark = rng.uniform(low, high - apart)
    lumas = rng.permutation([dark, dark + apart])
    return to_rgb(lumas, rng.normal(0, 6, 2) + rng.normal(0, rng.exponential(12), (2, 2)))


def between(colours: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Two colours (2, 3), share (H, W) in [0, 1] -> (H, W, 3) float32: 0 is the first, 1 the second."""
    first, second = colours.astype(np.float32)
    return first + share.astype(np.float32)[..., None] * (second - first)
