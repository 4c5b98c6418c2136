"""Labels say how much of each damage there is."""

import numpy as np
import pytest

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Blur, Jpeg, Noise, Round
from harmonic.degrade.labels import strengths, texture_lost


@pytest.mark.parametrize(
    "chain, expected",
    [
        ((), (0, 0, 0)),
        ((Noise(sigma=25),), (0.5, 0, 0)),
        ((Blur(sigma=1.5), Round()), (0, 0.5, 0)),
        ((Jpeg(quality=95),), (0, 0, 0)),
        ((Jpeg(quality=100),), (0, 0, 0)),
        ((Jpeg(quality=5),), (0, 0, 1)),
        ((Blur(sigma=4), Noise(sigma=80), Jpeg(quality=52)), (1, 1, 43 / 85)),
    ],
)
def test_strengths(chain, expected):
    assert strengths(chain) == pytest.approx(expected)


def test_blur_and_compression_lose_texture_and_noise_does_not():
    clean = np.random.default_rng(0).random((64, 64, 3), np.float32)
    rng = np.random.default_rng(1)
    lost = {
        step.kind: texture_lost(degrade(clean, (step,), rng), clean)
        for step in (Noise(sigma=25), Blur(sigma=1), Blur(sigma=3), Jpeg(quality=10))
    }
    assert texture_lost(clean, clean) == 0 and lost["noise"] < 0.05
    assert lost["blur"] > 0.9 and lost["jpeg"] > 0.3
    assert 0.2 < texture_lost(degrade(clean, (Blur(sigma=0.4),), rng), clean) < lost["blur"]


def test_flat_pictures_have_no_texture_to_lose():
    flat = np.full((32, 32, 3), 0.5, np.float32)
    assert texture_lost(flat + 0.1, flat) == 0
