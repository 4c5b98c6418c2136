"""Arrays of which only some rows lie in memory, for pictures larger than that: an engine reads and fills them tile by
tile as it does whole arrays, provided that it goes from top to bottom.
"""

from collections.abc import Callable, Iterator

import numpy as np

Blocks = Iterator[np.ndarray]
Key = slice | tuple[slice, slice]


class RowsIn:
    """Stands for a picture (H, W, C) to be read. begin: its rows from the top, in blocks (n, W, C).

    Rows above those last asked for are forgotten; whoever asks for them makes it begin anew.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype, begin: Callable[[], Blocks]):
        self.shape, self.dtype = shape, dtype
        self._begin = begin
        self._restart()

    def __getitem__(self, key: Key) -> np.ndarray:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        start, stop, _ = rows.indices(self.shape[0])
        if start < self._start:
            self._restart()
        self._drop(start)
        blocks = [self._held]
        end = self._start + len(self._held)
        while end < stop:
            block = next(self._blocks)
            end += len(block)
            blocks.append(block[max(0, len(block) - (end - start)) :])
        if len(blocks) > 1:
            self._held = np.concatenate(blocks)
            self._start = end - len(self._held)
        return self._held[start - self._start : stop - self._start, columns]

    def _restart(self) -> None:
        self._blocks, self._start = self._begin(), 0
        self._held = np.empty((0, *self.shape[1:]), self.dtype)

    def _drop(self, start: int) -> None:
        gone = min(max(0, start - self._start), len(self._held))
        if gone:
            self._held, self._start = self._held[gone:], self._start + gone


class RowsOut:
    """Stands for a picture (H, W, C) to be filled. take: called with finished rows, from the top, in blocks (n, W, C).

    Tiles are assigned row of tiles by row of tiles, each from left to right. Rows that were handed on are final:
    assigning to them once more, as an engine does that begins anew with smaller tiles, changes nothing.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype, take: Callable[[np.ndarray], object]):
        self.shape, self.dtype = shape, dtype
        self._take, self._done = take, 0
        self._band: np.ndarray | None = None

    def __setitem__(self, key: tuple[slice, slice], value: np.ndarray) -> None:
        rows, columns = key
        start, stop = max(rows.start, self._done), rows.stop
        if start >= stop:
            return
        if self._band is None or len(self._band) != stop - start:
            self._band = np.empty((stop - start, *self.shape[1:]), self.dtype)
        self._band[:, columns] = value[start - rows.start :]
        if columns.stop == self.shape[1]:
            self._take(self._band)
            self._band, self._done = None, stop
