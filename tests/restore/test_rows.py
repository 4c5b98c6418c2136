"""Rows that come and go: what is read and written through them is what whole arrays give."""

import numpy as np
import pytest

from harmonic.restore.rows import RowsIn, RowsOut
from harmonic.restore.tile import plan_tiles, restore_tiled

PICTURE = np.random.default_rng(0).integers(0, 256, (157, 61, 3), np.uint8)


class Source:
    """Gives PICTURE in blocks of `size` rows and counts what it gave."""

    def __init__(self, size):
        self.size, self.begun, self.given = size, 0, 0

    def __call__(self):
        self.begun += 1
        for start in range(0, len(PICTURE), self.size):
            block = PICTURE[start : start + self.size]
            self.given += len(block)
            yield block


@pytest.mark.parametrize("size", [1, 7, 64, 500])
@pytest.mark.parametrize("core", [8, 40, None])
def test_tiles_over_rows_see_and_fill_what_tiles_over_arrays_do(size, core):
    source, written = Source(size), []
    tiles = plan_tiles(*PICTURE.shape[:2], core, halo=12, grid=4)
    rows = RowsIn(PICTURE.shape, PICTURE.dtype, source)
    target = RowsOut((2 * 157, 2 * 61, 3), PICTURE.dtype, lambda block: written.append(block.copy()))
    restore_tiled(lambda tile: tile.input(rows).repeat(2, 0).repeat(2, 1), target, tiles, 2)
    np.testing.assert_array_equal(np.concatenate(written), PICTURE.repeat(2, 0).repeat(2, 1))
    assert source.begun == 1 and source.given == len(PICTURE)


def test_no_more_than_a_band_and_a_block_is_held():
    rows = RowsIn(PICTURE.shape, PICTURE.dtype, Source(8))
    for tile in plan_tiles(*PICTURE.shape[:2], 16, halo=4, grid=4):
        tile.input(rows)
        assert len(rows._held) <= 16 + 2 * 4 + 8


def test_whoever_asks_for_forgotten_rows_makes_it_begin_anew():
    source = Source(10)
    rows = RowsIn(PICTURE.shape, PICTURE.dtype, source)
    np.testing.assert_array_equal(rows[100:120], PICTURE[100:120])
    np.testing.assert_array_equal(rows[0:30, 5:9], PICTURE[0:30, 5:9])
    assert source.begun == 2


def test_rows_that_were_handed_on_are_final():
    written = []
    target = RowsOut((12, 4, 1), np.dtype(np.uint8), lambda block: written.append(block.copy()))
    target[0:8, 0:4] = np.full((8, 4, 1), 1, np.uint8)
    for start in range(0, 12, 6):  # begun anew, in other bands
        for left in (0, 2):
            target[start : start + 6, left : left + 2] = np.full((6, 2, 1), 2, np.uint8)
    assert [len(block) for block in written] == [8, 4]
    assert (np.concatenate(written)[:8] == 1).all() and (np.concatenate(written)[8:] == 2).all()
