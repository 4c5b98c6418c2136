"""A network at work on arrays of any size: device, precision, and tiles that fit the memory.

Knows neither files nor kinds of pictures (`restorer.py` does).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harmonic.errors import ResourceError
from harmonic.network.harmonic import Harmonic
from harmonic.nn.guide import Context
from harmonic.nn.parts import Parts
from harmonic.ops.eight_bit import decoded, encoded
from harmonic.ops.noise import Noise
from harmonic.ops.thumbnail import thumbnail_of_strips
from harmonic.restore.device import free_memory
from harmonic.restore.parts import Canvas, PictureParts, checked_region, surroundings
from harmonic.restore.rows import RowsIn, RowsOut
from harmonic.restore.runtimes.guard import Attempt, run_guarded
from harmonic.restore.runtimes.runtime import base_of, torch_runtime
from harmonic.restore.tile import Tile, plan_tiles, restore_tiled
from harmonic.restore.tile_size import TileSize, fitting_tiles

Progress = Callable[[int, int], None]
"""Called with (pixels done, all pixels), input pixels of one picture."""

# Peak bytes that a pass takes per input pixel, by scale: measured on `fast` in fp32, rounded up. At scale 1 the finest
# features have half the pixels a side, else they lie on the input's own grid.
_BYTES_PER_PIXEL = {1: 1024, 2: 4096, 3: 5120, 4: 6144}
# More than this brings no speed: the halo is then a small part of a tile already.
_MOST_BYTES = {"cpu": 4 << 30, "cuda": 16 << 30}


@dataclass(frozen=True, slots=True)
class Mix:
    """How much of the network's correction is applied. strength 0 = the input, 1 = all; detail scales texture alone.

    texture: how much generated texture is added, 0 = none; seed: which of the many possible ones.
    """

    strength: float = 1.0
    detail: float = 1.0
    texture: float = 0.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be said of a restoration. tile: side of the cores, None = whole. notes: for the user.

    skipped: share of the experts' work that no place of the picture asked for; None without experts.
    """

    tile: int | None = None
    notes: tuple[str, ...] = ()
    skipped: float | None = None


@dataclass(frozen=True, kw_only=True)
class Result(Work):
    """pixels: (sH, sW, C), type as the input."""

    pixels: np.ndarray


class Engine:
    """Restores arrays (H, W, C), C = 1 or 3, uint8, uint16 or float32 about [0, 1] -> (sH, sW, C) of the same type.

    network: in evaluation mode, on `device`; used, never changed. tile: 'auto', 'off', or a multiple of the grid.
    attempts: what runs it, in the order of `run_guarded`; None = torch in this precision, then torch in fp32.
    Memory beside input and output depends on the tile alone.
    """

    def __init__(
        self,
        network: Harmonic,
        device: torch.device,
        precision: str,
        tile: TileSize,
        attempts: Sequence[Attempt] | None = None,
    ):
        self.network, self.device, self.tile = network, device, tile
        self._attempts = attempts or torch_attempts(network, device, precision)
        self._cell = network.config.cell
        self._bytes_per_pixel = _BYTES_PER_PIXEL[network.scale]
        self._most_pixels = _MOST_BYTES[device.type] // self._bytes_per_pixel  # lowered when memory runs out

    def run(self, source: np.ndarray, mix: Mix, progress: Progress | None = None) -> Result:
        """Raises ResourceError when memory runs out, PictureError when the result is not finite even in fp32."""
        scale, (height, width, channels) = self.network.scale, source.shape
        if mix.strength == 0 and scale == 1:
            return Result(pixels=source.copy())
        target = np.empty((scale * height, scale * width, channels), source.dtype)
        work = self.fill(target, source, mix, self.look(source), progress)
        return Result(pixels=target, **vars(work))

    def fill(
        self,
        target: np.ndarray | RowsOut,
        source: np.ndarray | RowsIn,
        mix: Mix,
        context: Context | None,
        progress: Progress | None = None,
        tallest: int | None = None,
    ) -> Work:
        """Fill `target` (sH, sW, C) with what `source` (H, W, C) gives, tiles row by row; neither need lie in memory.

        context: of the whole picture, from `look`. tallest: rows that the core of an automatic tile has at most.
        Raises as `run` does.
        """
        scale, (height, width, _) = self.network.scale, source.shape
        notes: set[str] = set()
        skipped: list[tuple[int, float]] = []

        def function(tile: Tile) -> np.ndarray:
            noise = self._noise(mix, tile) if mix.texture else None
            pixels, share = self._restore_block(tile.input(source), mix, context, noise, notes)
            if share is not None:
                skipped.append((tile.pixels, share))
            return pixels

        while True:
            tiles, core = self.plan(height, width, tallest)
            try:
                restore_tiled(function, target, tiles, scale, progress)
                share = np.average([s for _, s in skipped], weights=[n for n, _ in skipped]) if skipped else None
                skip = None if share is None else float(share)
                return Work(tile=core, notes=tuple(sorted(notes)), skipped=skip)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._shrink(tiles, height, width)
                skipped.clear()
                notes.add("memory ran short, so it was restored in smaller tiles")

    def parts(
        self,
        source: np.ndarray,
        seed: int = 0,
        region: tuple[int, int, int, int] | None = None,
        progress: Progress | None = None,
    ) -> PictureParts:
        """The parts instead of their mix. Those of a region are those of the whole picture, cut out.

        seed: of generated texture. Raises as `run` does, and UsageError for a region outside the picture. Memory
        beside that of a tile: 36 bytes per output pixel of the region in colour, 48 where texture is generated.
        """
        (height, width, channels), network = source.shape, self.network
        place = checked_region(region, height, width)
        view = surroundings(place, height, width, network.reach, network.grid)
        seen, context = view.cut(source), self.look(source)
        mix = Mix(texture=1.0, seed=seed)
        while True:
            tiles, _ = self.plan(view.height, view.width)
            canvas = Canvas(place, view, network.scale, network.routing_cell or 0)
            try:
                needed, done = canvas.clip(tiles), 0
                total = sum(tile.core_pixels for tile in needed)
                for tile in needed:
                    noise = self._noise(mix, tile, view.y, view.x)
                    parts = self._parts(tile.input(seen), context, noise, set())
                    planes = (parts.base, parts.lf, parts.hf, parts.texture)
                    gates = torch.cat([routing.gates for routing in parts.routing]) if parts.routing else None
                    canvas.paint(
                        tile,
                        [None if plane is None else _to_array(plane, channels) for plane in planes],
                        None if gates is None else gates.cpu().numpy(),
                    )
                    done += tile.core_pixels
                    if progress:
                        progress(done, total)
                return canvas.finish()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._shrink(tiles, view.height, view.width)

    @torch.inference_mode()
    def look(self, source: np.ndarray | RowsIn) -> Context | None:
        """The context of the whole picture, from a thumbnail that is made strip by strip."""
        if self.network.context is None:
            return None

        def strip(start: int, stop: int) -> Tensor:
            return torch.from_numpy(decoded(source[start:stop])).permute(2, 0, 1)[None].expand(-1, 3, -1, -1)

        return self.network.context(thumbnail_of_strips(strip, source.shape[0]).to(self.device))

    def _noise(self, mix: Mix, tile: Tile, top: int = 0, left: int = 0) -> Noise:
        """top, left: where the array that the tile lies in begins in the picture."""
        origin = [self.network.scale * (top + tile.rows.start), self.network.scale * (left + tile.columns.start)]
        return Noise(torch.tensor([mix.seed], device=self.device), torch.tensor([origin], device=self.device))

    def plan(self, height: int, width: int, tallest: int | None = None) -> tuple[list[Tile], int | None]:
        """The tiles of a picture as memory stands now, and the side of their cores, None = the whole picture."""
        halo, grid = self.network.reach, self.network.grid
        if self.tile == "auto":
            fitting = free_memory(self.device) // 2 // self._bytes_per_pixel
            return fitting_tiles(height, width, halo, grid, min(fitting, self._most_pixels), tallest)
        core = None if self.tile == "off" else int(self.tile)
        tiles = plan_tiles(height, width, core, halo, grid)
        return tiles, core if len(tiles) > 1 else None

    def _shrink(self, tiles: list[Tile], height: int, width: int) -> None:
        """Allow half of what was too much, for this and all later pictures; give up where that changes nothing."""
        if self.tile != "auto":
            raise ResourceError(f"--tile {self.tile}: not enough memory for this; use --tile auto or a smaller one")
        largest = max(tile.pixels for tile in tiles)
        self._most_pixels = largest // 2
        if max(tile.pixels for tile in self.plan(height, width)[0]) >= largest:
            raise ResourceError(f"memory: not enough on {self.device} even for small tiles; close other programs")
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def _restore_block(
        self, block: np.ndarray, mix: Mix, context: Context | None, noise: Noise | None, notes: set[str]
    ) -> tuple[np.ndarray, float | None]:
        """(h, w, C) -> (s·h, s·w, C), skipped; grey goes through the network as R = G = B and is averaged back."""
        skipped = None
        if mix.strength == 0:
            y = base_of(self._tensor(block), self.network.scale)
        else:
            parts = self._parts(block, context, noise, notes)
            y = parts.mix(mix.strength, mix.strength * mix.detail, mix.strength * mix.texture)
            skipped = self.network.skipped(parts.routing) if parts.routing else None
        return encoded(_to_array(y, block.shape[2]), block.dtype), skipped

    @torch.inference_mode()
    def _parts(self, block: np.ndarray, context: Context | None, noise: Noise | None, notes: set[str]) -> Parts:
        return run_guarded(self._attempts, self._cell, self._tensor(block), context, noise, notes.add)

    def _tensor(self, block: np.ndarray) -> Tensor:
        """(h, w, C) of any depth -> (1, 3, h, w) about [0, 1], which in memory is channels-last by nature."""
        return torch.from_numpy(decoded(block)).to(self.device).permute(2, 0, 1)[None].expand(-1, 3, -1, -1)


def torch_attempts(network: Harmonic, device: torch.device, precision: str) -> list[Attempt]:
    """torch as it is asked for, and once more in fp32 where that is another precision."""
    attempts = [Attempt(lambda: torch_runtime(network, device, precision))]
    if precision != "fp32":
        note = f"{precision} gave values that no picture may have, so parts were repeated in fp32"
        attempts.append(Attempt(lambda: torch_runtime(network, device, "fp32"), note))
    return attempts


def _to_array(y: Tensor, channels: int) -> np.ndarray:
    """(1, 3, H, W) on any device -> (H, W, channels), 1 or 3."""
    if channels == 1:
        y = y.mean(1, keepdim=True)
    return y[0].permute(1, 2, 0).cpu().numpy()


def is_out_of_memory(error: BaseException) -> bool:
    """torch's and ONNX Runtime's allocators say it in different ways; no other RuntimeError may pass for it."""
    said = str(error)
    known = "can't allocate memory" in said or "Failed to allocate memory" in said
    return known or isinstance(error, torch.OutOfMemoryError | MemoryError)
