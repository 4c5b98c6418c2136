"""Colours under full transparency: unseen, but a network would carry them over the edges of cut-out objects."""

import numpy as np


def visible_colours(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(H, W, C) and alpha (H, W) of `Picture` -> colours of the same type in which those of alpha 0 go on smoothly from
    the seen ones around them: means of blocks of 2x2, 4x4, ... that hold any, interpolated (the pull-push of Gortler et
    al., "The Lumigraph", 1996). The others stay; so do all when none or each is seen.
    """
    seen = alpha > 0
    if seen.all() or not seen.any():
        return colour
    fill = _doubled(_pulled(*_halved(np.where(seen[..., None], colour, 0), seen)), *alpha.shape)
    fill = np.rint(fill) if colour.dtype != np.float32 else fill
    return np.where(seen[..., None], colour, fill.astype(colour.dtype))


def _pulled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values (h, w, C) where `known`, elsewhere those of the next coarser level."""
    if known.all():
        return values
    fill = _doubled(_pulled(*_halved(values, known)), *known.shape)
    return np.where(known[..., None], values, fill)


def _doubled(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear, between the centres of blocks. (h, w, C) -> (height, width, C), at most twice the size"""
    for axis, length in ((0, height), (1, width)):
        values = values.swapaxes(0, axis)
        before, after = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
        pairs = np.stack([0.75 * values + 0.25 * before, 0.75 * values + 0.25 * after], 1)
        values = pairs.reshape(-1, *values.shape[1:])[:length].swapaxes(0, axis)
    return values


def _halved(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of the known among each 2x2 -> (values float32, known) of half the size, rounded up; unknown ones are 0."""
    height, width = known.shape
    ends = ((0, height % 2), (0, width % 2))
    blocks = np.pad(known, ends).reshape(-(-height // 2), 2, -(-width // 2), 2)
    count = blocks.sum((1, 3), dtype=np.float32)
    sums = np.pad(values, (*ends, (0, 0))).reshape(*blocks.shape, -1).sum((1, 3), dtype=np.float32)
    return sums / np.maximum(count, 1)[..., None], count > 0
