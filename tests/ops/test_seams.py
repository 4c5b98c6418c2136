"""The ratio is 1 without seams, and grows with their height alone."""

import numpy as np
import pytest

from harmonic.ops.seams import seam_ratio


def slope(height=40, width=60):
    y, x = np.mgrid[:height, :width]
    return (2.0 * y + 2.0 * x)[..., None].repeat(3, 2)


def test_a_picture_whose_steps_are_all_alike_has_no_seams():
    assert seam_ratio(slope(), [8, 16], [30]) == 1


@pytest.mark.parametrize("axis", [0, 1])
def test_a_step_of_known_height_gives_the_ratio_that_follows(axis):
    picture = slope()
    picture[(slice(None),) * axis + (slice(20, None),)] += 1
    borders = ([20], []) if axis == 0 else ([], [20])
    assert seam_ratio(picture, *borders) == pytest.approx(1.5)
    assert seam_ratio(picture, *([b + 1 for b in one] for one in borders)) < 1


def test_the_ratio_of_noise_is_near_one_and_does_not_know_its_scale():
    noise = np.random.default_rng(0).standard_normal((400, 400))
    cells = range(4, 400, 4)
    assert seam_ratio(noise, cells, cells) == pytest.approx(1, abs=0.01)
    assert seam_ratio(255 * noise, cells, cells) == pytest.approx(seam_ratio(noise, cells, cells))


def test_flat_pictures_have_no_seams_and_steps_at_borders_alone_are_infinite():
    flat = np.zeros((8, 8))
    assert seam_ratio(flat, [4], [4]) == 1
    flat[4:] = 1
    assert seam_ratio(flat, [4], []) == float("inf")


def test_without_borders_there_is_no_ratio():
    with pytest.raises(ValueError, match="needs borders"):
        seam_ratio(slope(), [], [])
