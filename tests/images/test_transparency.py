"""What nobody sees must not show: colours under full transparency are replaced by those around."""

import numpy as np
import pytest

from harmonic.images.transparency import visible_colours


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_seen_colours_stay_and_hidden_ones_are_those_around(dtype):
    alpha = np.zeros((13, 18), dtype)
    alpha[2:7, 3:9] = 1
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 200, (13, 18, 3)).astype(dtype) for _ in range(2))
    seen = alpha > 0
    second[seen] = first[seen]
    filled = visible_colours(first, alpha)
    assert filled.dtype == dtype and np.array_equal(filled[seen], first[seen])
    assert np.array_equal(filled, visible_colours(second, alpha)), "hidden colours say nothing"
    assert first[seen].min() <= filled.min() and filled.max() <= first[seen].max()


def test_one_colour_fills_the_picture():
    alpha = np.zeros((7, 5), np.uint8)
    alpha[6, 4] = 9
    colour = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    assert (visible_colours(colour, alpha) == colour[6, 4]).all()


def test_without_hidden_or_seen_pixels_nothing_changes():
    colour = np.random.default_rng(0).integers(0, 256, (4, 5, 1), np.uint8)
    for value in (0, 1):
        assert visible_colours(colour, np.full((4, 5), value, np.uint8)) is colour
