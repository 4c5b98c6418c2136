"""How large tiles may be: a short fixed list of sizes, the first whose largest tile fits the memory."""

from harmonic.errors import UsageError
from harmonic.restore.tile import Tile, plan_tiles, round_up

CORES = (3072, 2048, 1536, 1024, 768, 512, 256, 128)

TileSize = int | str  # a side in pixels, 'auto' or 'off'


def parse_tile(tile: TileSize, grid: int) -> TileSize:
    """'auto', 'off', or a side in pixels (also as text), rounded up to the grid. Raises UsageError."""
    if tile in ("auto", "off"):
        return tile
    try:
        side = int(tile)
    except ValueError:
        side = 0
    if side < 1:
        raise UsageError(f"--tile {tile}: is not known; use auto, off or a size in pixels such as 512")
    return round_up(side, grid)


def fitting_tiles(
    height: int, width: int, halo: int, grid: int, most: int, tallest: int | None = None
) -> tuple[list[Tile], int | None]:
    """The plan with the fewest pixels to compute whose largest tile has at most `most` pixels, and its core.

    The whole picture (core None) comes first, then CORES from the largest, those of at most `tallest` rows; the
    smallest is taken even if it is too large, since there is nothing else to try.
    """
    plan = plan_tiles(height, width, None, halo, grid), None
    for core in (None, *CORES):
        plan = plan_tiles(height, width, core, halo, grid), core
        fits = max(tile.pixels for tile in plan[0]) <= most
        if fits and (tallest is None or (core or height) <= tallest):
            break
    return plan
