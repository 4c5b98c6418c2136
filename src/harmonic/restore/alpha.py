"""Transparency: not restored, and enlarged with its picture."""

from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

_SUPPORT = 3  # rows beside those wanted that a bicubic enlargement looks at, and one more


def enlarge_alpha(alpha: np.ndarray, scale: int) -> np.ndarray:
    """(H, W) uint8, uint16 or float32 in [0, 1] -> (scale H, scale W), the same type, bicubic."""
    if scale == 1:
        return alpha
    size = (scale * alpha.shape[1], scale * alpha.shape[0])
    if alpha.dtype == np.uint8:
        return np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BICUBIC))
    deep = np.asarray(Image.fromarray(alpha.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    return np.rint(deep.clip(0, 65535)).astype(np.uint16) if alpha.dtype == np.uint16 else deep.clip(0, 1)


class AlphaRows:
    """The transparency of rows that were read, until their colours are written. height: of the picture read."""

    def __init__(self, height: int, scale: int):
        self._height, self._scale = height, scale
        self._blocks: list[np.ndarray] = []
        self._start = self._stop = self._taken = 0  # rows that are held; those before `_taken` were given

    def colours(self, blocks: Iterable[tuple[np.ndarray, np.ndarray | None]]) -> Iterator[np.ndarray]:
        """Colours of all blocks, from the top; transparency is kept, of each row once however often they are read."""
        start = 0
        for colour, alpha in blocks:
            stop = start + len(colour)
            if alpha is not None and stop > self._stop:
                self._blocks.append(alpha[max(0, self._stop - start) :])
                self._stop = stop
            start = stop
            yield colour

    def take(self, rows: int) -> np.ndarray | None:
        """The next so many rows of the result, (rows, scale W); None where the picture has no transparency."""
        if not self._blocks:
            return None
        first, self._taken = self._taken, self._taken + rows // self._scale
        held = np.concatenate(self._blocks)
        around = held[: min(self._taken + _SUPPORT, self._height) - self._start]
        result = enlarge_alpha(around, self._scale)[self._scale * (first - self._start) :][:rows]
        kept = max(self._start, self._taken - _SUPPORT)
        self._blocks, self._start = [held[kept - self._start :]], kept
        return result
