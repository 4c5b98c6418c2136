"""Cells of pictures as arrays."""

import numpy as np

from harmonic.ops.cells import cut_to_centre, halved, whole_cells

PICTURE = np.random.default_rng(9).integers(0, 256, (35, 47, 3), np.uint8)


def test_pictures_are_cut_at_the_right_and_the_bottom():
    np.testing.assert_array_equal(whole_cells(PICTURE, 4), PICTURE[:32, :44])
    assert whole_cells(PICTURE, 1).shape == PICTURE.shape
    assert whole_cells(PICTURE[..., 0], 36).shape == (0, 36)


def test_pictures_are_cut_around_their_middle():
    np.testing.assert_array_equal(cut_to_centre(PICTURE, 16), PICTURE[1:33, 7:39])
    assert cut_to_centre(PICTURE, 1).shape == PICTURE.shape


def test_halving_takes_the_means_of_four_pixels_and_what_stands_beyond_an_odd_side():
    plane = np.arange(12.0).reshape(3, 4)
    assert halved(plane, "edge").tolist() == [[2.5, 4.5], [8.5, 10.5]]
    assert halved(plane, "constant").tolist() == [[2.5, 4.5], [4.25, 5.25]]
