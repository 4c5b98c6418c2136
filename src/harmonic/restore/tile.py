"""Tiles: cut a picture, restore each part with a halo, and put the cores together, exactly (design §1, L4).

Pure planning and stitching; networks, files and memory are other rooms' business. Why it is exact: a core and its halo
start on multiples of the network's grid, so every cell and window lies where it lies in the whole picture; and the halo
is at least the network's reach, so what the network puts around a tile that ends inside the picture touches no core.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from harmonic.restore.rows import RowsIn, RowsOut


@dataclass(frozen=True, slots=True)
class Span:
    """One side of a tile, in pixels of the picture: the core it contributes lies inside the input it needs."""

    core_start: int
    core_stop: int
    start: int
    stop: int

    def cut(self, scale: int) -> slice:
        """Where the core lies in the tile's own output."""
        return slice(scale * (self.core_start - self.start), scale * (self.core_stop - self.start))

    def place(self, scale: int) -> slice:
        """Where the core lies in the whole output."""
        return slice(scale * self.core_start, scale * self.core_stop)


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of the picture. Sizes in input pixels."""

    rows: Span
    columns: Span

    def input(self, picture: np.ndarray | RowsIn) -> np.ndarray:
        """What the network sees of (H, W, C): the core and its halo."""
        return picture[self.rows.start : self.rows.stop, self.columns.start : self.columns.stop]

    @property
    def pixels(self) -> int:
        """Input pixels that the network sees."""
        return (self.rows.stop - self.rows.start) * (self.columns.stop - self.columns.start)

    @property
    def core_pixels(self) -> int:
        """Input pixels that this tile is answerable for; they add up to the picture."""
        return (self.rows.core_stop - self.rows.core_start) * (self.columns.core_stop - self.columns.core_start)


def plan_tiles(height: int, width: int, core: int | None, halo: int, grid: int) -> list[Tile]:
    """Tiles that cover a picture of (height, width), row by row.

    core: side of the cores, at most; rounded up to `grid`. None = one tile, the whole picture. halo: at least the
    network's reach; rounded up to `grid`. The cores of a line are of nearly equal size rather than full ones and a
    rest, so the largest tile, which decides the memory, is no larger than it must be.
    """
    sides = (_spans(length, core, round_up(halo, grid), grid) for length in (height, width))
    return [Tile(rows, columns) for rows, columns in product(*sides)]


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple that is not below `number`."""
    return -(-number // multiple) * multiple


def restore_tiled(
    function: Callable[[Tile], np.ndarray],
    target: np.ndarray | RowsOut,
    tiles: list[Tile],
    scale: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Fill `target` (sH, sW, C) with the restored cores, tile by tile.

    function: the restored input (s·h, s·w, C) of one tile, halo included; it has the type of `target`, so nothing of
    the size of the picture exists beside source and target. progress: called with (pixels done, all pixels), in input
    pixels.
    """
    total, done = sum(tile.core_pixels for tile in tiles), 0
    for tile in tiles:
        rows, columns = tile.rows, tile.columns
        result = function(tile)
        target[rows.place(scale), columns.place(scale)] = result[rows.cut(scale), columns.cut(scale)]
        done += tile.core_pixels
        if progress:
            progress(done, total)


def _spans(length: int, core: int | None, halo: int, grid: int) -> list[Span]:
    if core is None or core >= length:
        return [Span(0, length, 0, length)]
    count = -(-length // round_up(core, grid))
    core = round_up(-(-length // count), grid)
    return [
        Span(start, min(start + core, length), max(start - halo, 0), min(start + core + halo, length))
        for start in range(0, length, core)
    ]
