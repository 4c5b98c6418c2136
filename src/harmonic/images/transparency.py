"""Colours under full transparency: unseen, but a network would carry them over the edges of cut-out objects."""

import numpy as np


def visible_colours(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(H, W, C) and alpha (H, W) of `Picture` -> colours of the same type in which every pixel of alpha 0 has the mean
    of the seen pixels around it, from the smallest block of 2x2, 4x4, ... that holds any (the pull-push of Gortler et
    al., "The Lumigraph", 1996). The others stay; so do all when none or each is seen.
    """
    seen = alpha > 0
    if seen.all() or not seen.any():
        return colour
    around = _pulled(*_halved(np.where(seen[..., None], colour, 0), seen))
    fill = around.repeat(2, 0).repeat(2, 1)[: alpha.shape[0], : alpha.shape[1]]
    fill = np.rint(fill) if colour.dtype != np.float32 else fill
    return np.where(seen[..., None], colour, fill.astype(colour.dtype))


def _pulled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values (h, w, C) where `known`, elsewhere those of the next coarser level."""
    if known.all():
        return values
    fill = _pulled(*_halved(values, known)).repeat(2, 0).repeat(2, 1)[: known.shape[0], : known.shape[1]]
    return np.where(known[..., None], values, fill)


def _halved(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of the known among each 2x2 -> (values float32, known) of half the size, rounded up; unknown ones are 0."""
    height, width = known.shape
    ends = ((0, height % 2), (0, width % 2))
    blocks = np.pad(known, ends).reshape(-(-height // 2), 2, -(-width // 2), 2)
    count = blocks.sum((1, 3), dtype=np.float32)
    sums = np.pad(values, (*ends, (0, 0))).reshape(*blocks.shape, -1).sum((1, 3), dtype=np.float32)
    return sums / np.maximum(count, 1)[..., None], count > 0
