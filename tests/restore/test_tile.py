"""Plans cover the picture once, lie on the grid, and tiled work equals whole work."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonic.errors import UsageError
from harmonic.restore.tile import plan_tiles, restore_tiled
from harmonic.restore.tile_size import CORES, fitting_tiles, parse_tile

sides = st.integers(1, 200)


@settings(deadline=None)
@given(sides, sides, st.integers(10, 150), st.integers(0, 60), st.sampled_from([1, 4, 32]))
def test_cores_cover_every_pixel_once_and_inputs_hold_the_halo(height, width, core, halo, grid):
    covered = np.zeros((height, width), int)
    for tile in plan_tiles(height, width, core, halo, grid):
        covered[tile.rows.place(1), tile.columns.place(1)] += 1
        for span, length in ((tile.rows, height), (tile.columns, width)):
            assert span.core_start % grid == 0 and span.start % grid == 0
            assert span.stop == length or span.stop % grid == 0
            assert span.start == 0 or span.core_start - span.start >= halo
            assert span.stop == length or span.stop - span.core_stop >= halo
            assert span.core_stop - span.core_start < core + grid
    assert (covered == 1).all()


def test_cores_of_a_line_are_of_nearly_equal_size():
    sizes = {tile.columns.core_stop - tile.columns.core_start for tile in plan_tiles(32, 1100, 1024, 0, 4)}
    assert sizes == {548, 552}


@pytest.mark.parametrize("scale", [1, 3])
def test_stitched_tiles_equal_the_whole(scale):
    picture = np.random.default_rng(0).random((37, 61, 3), np.float32)

    def enlarge(block: np.ndarray) -> np.ndarray:
        return block.repeat(scale, 0).repeat(scale, 1)

    target = np.empty((37 * scale, 61 * scale, 3), np.float32)
    restore_tiled(lambda tile: enlarge(tile.input(picture)), target, plan_tiles(37, 61, 8, 5, 4), scale)
    assert np.array_equal(target, enlarge(picture))


def test_progress_grows_to_all_pixels():
    seen = []
    source = np.zeros((37, 61, 1), np.uint8)
    tiles = plan_tiles(37, 61, 16, 4, 4)
    restore_tiled(lambda tile: tile.input(source), source.copy(), tiles, 1, lambda *p: seen.append(p))
    assert seen == sorted(seen) and seen[-1] == (37 * 61, 37 * 61)


def test_the_whole_picture_is_taken_when_it_fits():
    assert fitting_tiles(600, 800, 64, 32, 600 * 800) == (plan_tiles(600, 800, None, 64, 32), None)


@pytest.mark.parametrize("most", [10_000_000, 4_000_000, 1_000_000, 200_000])
def test_the_largest_tile_fits_what_is_allowed(most):
    tiles, core = fitting_tiles(9000, 7001, 64, 32, most)
    assert core in CORES and max(tile.pixels for tile in tiles) <= most


def test_too_little_memory_takes_the_smallest_tile():
    assert fitting_tiles(900, 700, 64, 32, 1)[1] == CORES[-1]


def test_tile_sizes_are_rounded_up_to_the_grid():
    assert [parse_tile(tile, 32) for tile in ("auto", "off", "500", 512, 1)] == ["auto", "off", 512, 512, 32]


@pytest.mark.parametrize("tile", ["big", "0", "-4", "", "1.5"])
def test_other_tile_sizes_are_refused(tile):
    with pytest.raises(UsageError, match="use auto, off or a size"):
        parse_tile(tile, 32)
