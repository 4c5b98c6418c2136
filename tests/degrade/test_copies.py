"""Copies follow from picture, name and seed alone."""

import numpy as np
import pytest

from harmonic.degrade.copies import copy_chain, degraded_copy
from harmonic.degrade.kinds import Bicubic, Jpeg, Noise
from harmonic.degrade.mixtures import PRESETS
from harmonic.ops.cells import whole_cells

CLEAN = np.random.default_rng(0).integers(0, 256, (40, 52, 3), np.uint8)


def test_chain_and_noise_follow_from_name_and_seed():
    real = PRESETS["real"]
    assert copy_chain("a.png", 1, real) == copy_chain("a.png", 1, real)
    assert len({copy_chain(name, seed, real) for name in ("a.png", "b.png") for seed in (0, 1)}) == 4
    noisy = [degraded_copy(CLEAN, (Noise(sigma=9),), *key) for key in (("a", 0), ("a", 0), ("b", 0), ("a", 1))]
    np.testing.assert_array_equal(noisy[0], noisy[1])
    assert (noisy[0] != noisy[2]).any() and (noisy[0] != noisy[3]).any()


def test_the_noise_does_not_depend_on_how_the_chain_was_drawn():
    """So a recorded chain, given again, makes the copy again."""
    chain = copy_chain("name", 5, PRESETS["hmix"])
    first = degraded_copy(CLEAN, chain, "name", 5)
    np.testing.assert_array_equal(degraded_copy(CLEAN, chain, "name", 5), first)


def test_a_grey_picture_stays_grey():
    grey = degraded_copy(CLEAN[..., :1], (Noise(sigma=30), Jpeg(quality=50)), "name", 0)
    assert grey.shape == (40, 52, 1)
    colour = degraded_copy(np.repeat(CLEAN[..., :1], 3, 2), (Noise(sigma=30, grey=True), Jpeg(quality=50)), "name", 0)
    np.testing.assert_array_equal(np.repeat(grey, 3, 2), colour)


def test_names_may_hold_any_bytes():
    assert copy_chain("bad \udcff", 0, PRESETS["real"])


@pytest.mark.parametrize("scale, shape", [(1, (40, 52)), (3, (13, 17)), (4, (10, 13))])
def test_a_picture_of_whole_cells_shrinks_by_the_scale(scale, shape):
    small = degraded_copy(whole_cells(CLEAN, scale), (Bicubic(scale=scale),), "name", 0)
    assert small.shape == (*shape, 3)
