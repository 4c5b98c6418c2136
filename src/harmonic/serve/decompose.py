"""The parts of a region of a picture. One function, until `Restorer.decompose` is there, whose form it has."""

from dataclasses import dataclass

import numpy as np
import torch

from harmonic.images.picture import Picture
from harmonic.nn.parts import Parts
from harmonic.restore.engine import Mix
from harmonic.restore.restorer import Restorer
from harmonic.restore.tile import Span, Tile, round_up

Region = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class PictureParts:
    """float32 (sH, sW, C), not clamped; routing: gates (N, E, h, w) of N blocks, or None; cell: its side in pixels."""

    base: np.ndarray
    lf: np.ndarray
    hf: np.ndarray
    texture: np.ndarray | None
    routing: np.ndarray | None
    cell: int
    region: Region


def decompose(restorer: Restorer, picture: Picture, region: Region, seed: int) -> PictureParts:
    """region: x, y, width, height in input pixels; its parts are those of the whole picture, cut out."""
    engine, network, scale = restorer._engine, restorer._engine.network, restorer.scale
    height, width, channels = picture.colour.shape
    rows = _span(region[1], region[3], height, network.reach, network.grid)
    columns = _span(region[0], region[2], width, network.reach, network.grid)
    tile = Tile(rows, columns)
    values = np.array(tile.input(picture.colour), np.float32) / 255
    x = torch.from_numpy(values).to(engine.device).permute(2, 0, 1)[None].expand(-1, 3, -1, -1)
    mix = Mix(texture=1.0, seed=seed)
    parts: Parts = engine._pass(x, mix, engine._look(picture.colour), engine._noise(mix, tile), engine.precision)[1]

    def cut(plane: torch.Tensor) -> np.ndarray:
        plane = plane.mean(1, keepdim=True) if channels == 1 else plane
        return plane[0].permute(1, 2, 0).float().cpu().numpy()[rows.cut(scale), columns.cut(scale)]

    cell = network.routing_cell or 0
    routing = None
    if parts.routing:
        gates = torch.cat([routing.gates for routing in parts.routing]).cpu().numpy()
        cells = [slice((s.core_start - s.start) // cell, -(-(s.core_stop - s.start) // cell)) for s in (rows, columns)]
        routing = gates[:, :, cells[0], cells[1]]
    texture = None if parts.texture is None else cut(parts.texture)
    return PictureParts(cut(parts.base), cut(parts.lf), cut(parts.hf), texture, routing, cell, region)


def _span(start: int, length: int, whole: int, reach: int, grid: int) -> Span:
    halo = round_up(reach, grid)
    stop = start + length
    return Span(start, stop, max(start // grid * grid - halo, 0), min(round_up(stop, grid) + halo, whole))
