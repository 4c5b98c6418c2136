"""Tiles leave no trace: tiled equals whole over many sizes, and steps across borders are as high as steps elsewhere.

Steps across a few tile borders depend on what is pictured there, so they are compared with those of the whole result.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from torch import device

from harmonic.images.read import read_picture
from harmonic.network.config import LFSpec, variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from harmonic.network.specs import large_kernels
from harmonic.ops.seams import seam_ratio
from harmonic.restore.engine import Engine, Mix
from harmonic.restore.restorer import Restorer
from harmonic.restore.tile import round_up
from making import randomised


def borders(picture: np.ndarray, step: int) -> tuple[range, range]:
    return range(step, picture.shape[0], step), range(step, picture.shape[1], step)


def smooth(height: int, width: int) -> np.ndarray:
    """(H, W, 3) float32 in [0, 1]."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    return np.stack([0.2 + 0.5 * x, 0.3 + 0.4 * y, 0.5 + 0.2 * np.sin(5 * (x + y))], -1).astype(np.float32)


def noisy(picture: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(picture.shape, np.float32)
    return np.clip(picture + 25 / 255 * noise, 0, 1)


def test_tiles_leave_no_seams_and_a_halo_that_is_too_small_does(stand_in):
    network, picture = stand_in(), smooth(72, 96)

    def seams(tile) -> float:
        result = Engine(network.eval(), device("cpu"), "fp32", tile).run(picture, Mix()).pixels
        return seam_ratio(result, *borders(result, 12))

    whole = seams("off")
    assert seams(12) / whole == pytest.approx(1, abs=0.01)
    network.reach = 0
    assert seams(12) / whole > 1.1


@pytest.mark.long
@pytest.mark.parametrize("tile", [32, 64, 96, 160])
def test_tiled_equals_whole_at_twelve_sizes_of_more_than_three_tiles_and_halos(tile):
    config = variant(tiny(), lf=LFSpec(channels=16, blocks=large_kernels(1, kernel=5)), channel_attention=False)
    network = randomised(Harmonic(config))
    least = 3 * (tile + round_up(network.reach, network.grid))
    whole = Restorer(network, device="cpu", precision="fp32", tile="off")
    tiled = Restorer(network, device="cpu", precision="fp32", tile=tile)
    for index in range(12):
        height, width = least + 1 + 7 * index, least + 1 + (index * 13) % 40
        picture = np.random.default_rng(index).random((height, width, 3), np.float32)
        expected = whole.restore(picture)
        assert np.abs(expected - picture).max() > 1e-2
        assert np.abs(tiled.restore(picture) - expected).max() <= 1e-5, (height, width)


@pytest.mark.long
def test_cells_leave_no_seams_in_smooth_pictures():
    restorer = Restorer(device="cpu", precision="fp32", tile="off")
    picture = smooth(256, 384)
    for given in (picture, noisy(picture)):
        assert seam_ratio(restorer.restore(given), *borders(given, 4)) <= 1.05


@pytest.mark.long
@pytest.mark.skipif("HARMONIC_DATA" not in os.environ, reason="HARMONIC_DATA names no folder of pictures")
def test_the_bundled_weights_leave_no_seams_in_photographs():
    paths = sorted((Path(os.environ["HARMONIC_DATA"]) / "test" / "Set14").iterdir())[:3]
    for path in paths:
        picture = noisy(read_picture(path).colour[:300, :420].astype(np.float32) / 255)
        whole, tiled = (Restorer(device="cpu", precision="fp32", tile=tile).restore(picture) for tile in ("off", 128))
        ratio = seam_ratio(tiled, *borders(picture, 128)) / seam_ratio(whole, *borders(picture, 128))
        assert ratio == pytest.approx(1, abs=0.01)
