"""The parts of a restored picture as arrays, so that it can be mixed anew, shown and explained without another pass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from harmonic.errors import UsageError
from harmonic.restore.tile import Span, Tile, round_up


class Region(NamedTuple):
    """A rectangle of the picture, in input pixels."""

    x: int
    y: int
    width: int
    height: int

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """A view of this part of (H, W, ...)."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]


@dataclass(frozen=True, eq=False)
class PictureParts:
    """The terms of `y = base + LF + HF + T` for a picture or a region of it, float32, (sH, sW, C), C = 1 or 3.

    In units of the picture: base about [0, 1], the others about 0; not clamped. texture: None where the network
    generates none. routing: gates (N, E, h, w) of N blocks and E experts in every cell that the region touches, None
    without experts. cell: side of such a cell in input pixels, counted from the corner of the picture, 0 without.
    """

    base: np.ndarray
    lf: np.ndarray
    hf: np.ndarray
    texture: np.ndarray | None
    routing: np.ndarray | None
    cell: int
    region: Region

    def mix(self, strength: float = 1.0, detail: float = 1.0, texture: float = 0.0) -> np.ndarray:
        """What `Restorer.restore` gives for these weights, (sH, sW, C) float32, not clamped."""
        weighted = ((strength, self.lf), (strength * detail, self.hf), (strength * texture, self.texture))
        result = self.base.copy()
        for weight, part in weighted:
            if weight and part is not None:
                result += np.float32(weight) * part
        return result


def checked_region(region: tuple[int, int, int, int] | None, height: int, width: int, name: str = "region") -> Region:
    """The region itself, or the whole picture for None. name: what the user knows it by. Raises UsageError when it does
    not lie in the picture."""
    if region is None:
        return Region(0, 0, width, height)
    x, y, across, down = region
    if min(x, y) < 0 or min(across, down) < 1 or x + across > width or y + down > height:
        place = ",".join(map(str, region))
        raise UsageError(f"{name} {place}: x,y,width,height must lie in the picture, which is {width}x{height}")
    return Region(x, y, across, down)


def surroundings(region: Region, height: int, width: int, halo: int, grid: int) -> Region:
    """What must be seen of a picture to know `region` exactly: its halo, out to the grid or the end of the picture."""
    halo = round_up(halo, grid)
    left, top = (max(start // grid * grid - halo, 0) for start in (region.x, region.y))
    right = min(round_up(region.x + region.width, grid) + halo, width)
    bottom = min(round_up(region.y + region.height, grid) + halo, height)
    return Region(left, top, right - left, bottom - top)


class Canvas:
    """Where the parts of a region come together, tile by tile.

    seen: the surroundings that the tiles were planned in; it starts on the grid. scale, cell: those of the network.
    """

    def __init__(self, region: Region, seen: Region, scale: int, cell: int):
        self.region, self.seen, self.scale, self.cell = region, seen, scale, cell
        self.rows = range(region.y - seen.y, region.y - seen.y + region.height)
        self.columns = range(region.x - seen.x, region.x - seen.x + region.width)
        self.planes: list[np.ndarray | None] = []
        self.gates: np.ndarray | None = None

    def clip(self, tiles: list[Tile]) -> list[Tile]:
        """The tiles that the region needs, answerable for their share of it alone."""
        cut = (Tile(_clip(tile.rows, self.rows), _clip(tile.columns, self.columns)) for tile in tiles)
        return [tile for tile in cut if all(span.core_start < span.core_stop for span in (tile.rows, tile.columns))]

    def paint(self, tile: Tile, parts: Sequence[np.ndarray | None], gates: np.ndarray | None) -> None:
        """parts: base, lf, hf, texture of the tile's whole input, (s·h, s·w, C); gates (N, E, h', w') of its cells."""
        scale, region = self.scale, self.region
        spans = (tile.rows, self.rows), (tile.columns, self.columns)
        if not self.planes:
            size = scale * region.height, scale * region.width
            self.planes = [None if p is None else np.empty((*size, p.shape[2]), np.float32) for p in parts]
        to = tuple(slice(scale * (s.core_start - w.start), scale * (s.core_stop - w.start)) for s, w in spans)
        for plane, part in zip(self.planes, parts, strict=True):
            if plane is not None and part is not None:
                plane[to] = part[tile.rows.cut(scale), tile.columns.cut(scale)]
        if gates is not None:
            first = [within.start // self.cell for _, within in spans]
            if self.gates is None:
                count = [-(-within.stop // self.cell) - start for (_, within), start in zip(spans, first, strict=True)]
                self.gates = np.empty((*gates.shape[:2], *count), np.float32)
            cells = [slice(s.core_start // self.cell, -(-s.core_stop // self.cell)) for s, _ in spans]
            here, there = (
                tuple(slice(c.start - o, c.stop - o) for c, o in zip(cells, origins, strict=True))
                for origins in (first, (tile.rows.start // self.cell, tile.columns.start // self.cell))
            )
            self.gates[..., *here] = gates[..., *there]

    def finish(self) -> PictureParts:
        """All tiles are painted."""
        base, lf, hf, texture = self.planes
        assert base is not None and lf is not None and hf is not None
        return PictureParts(base, lf, hf, texture, self.gates, self.cell if self.gates is not None else 0, self.region)


def _clip(span: Span, within: range) -> Span:
    return replace(span, core_start=max(span.core_start, within.start), core_stop=min(span.core_stop, within.stop))
