"""Labels say how much of each damage there is."""

import numpy as np
import pytest
from skimage import data

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import (
    AnisotropicBlur,
    Bicubic,
    Blur,
    Jpeg,
    MotionBlur,
    Noise,
    PoissonNoise,
    Resize,
    Round,
    Sinc,
    Speckle,
    ToScale,
    WebP,
)
from harmonic.degrade.labels import strengths, texture_lost
from harmonic.degrade.second_order import sample_second_order


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
        ((Noise(sigma=15), Noise(sigma=20)), (0.5, 0, 0)),
        ((PoissonNoise(scale=2),), ((2 * 255) ** 0.5 / 50, 0, 0)),
        ((Speckle(sigma=30),), (0.3, 0, 0)),
        ((WebP(quality=10), Jpeg(quality=90)), (0, 0, 1)),
        ((Sinc(cutoff=np.pi),), (0, 0, 0)),
        ((MotionBlur(length=0, angle=1), Blur(sigma=0.01), ToScale()), (0, 0, 0)),
        ((Bicubic(scale=4), Blur(sigma=1.5)), (0, 0.5, 0)),
        ((Bicubic(scale=4),), (0, 0, 0)),
        ((ToScale(scale=0.5), Blur(sigma=3), ToScale(scale=2)), (0, 0.25, 0)),
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


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return data.astronaut()[100:292, 100:292].astype(np.float32) / 255


@pytest.mark.parametrize(
    "chain",
    [
        (AnisotropicBlur(sigma=2, across=2, size=7),),
        (AnisotropicBlur(sigma=3, across=1, angle=0.7),),
        (AnisotropicBlur(sigma=1, across=1, shape="plateau"),),
        (MotionBlur(length=8, angle=0.5),),
        (Sinc(cutoff=1.1),),
        (Resize(factor=0.5, kernel="area"), ToScale(kernel="bicubic")),
        (Resize(factor=0.25, kernel="bicubic"), ToScale(kernel="bilinear")),
        (Resize(factor=0.15, kernel="area"), ToScale(kernel="bicubic")),
        (Blur(sigma=1), Resize(factor=0.4, kernel="bilinear"), Blur(sigma=0.6), ToScale(kernel="bicubic")),
    ],
    ids=str,
)
def test_the_strength_of_blur_is_that_of_the_gaussian_that_looks_most_like_it(chain, photo):
    rng = np.random.default_rng(0)
    damaged = degrade(photo, chain, rng)
    sigmas = np.arange(0, 4.01, 0.1)
    distances = [np.mean((degrade(photo, [Blur(sigma=sigma)], rng) - damaged) ** 2) for sigma in sigmas]
    assert strengths(chain)[1] * 3 == pytest.approx(sigmas[np.argmin(distances)], abs=0.35)


@pytest.mark.parametrize("scale", [1, 4])
def test_the_strength_of_noise_is_what_is_left_of_it_in_the_end(scale):
    rng = np.random.default_rng(0)
    flat = np.full((192, 192, 3), 0.5, np.float32)
    told, left = [], []
    for _ in range(60):  # without files, which flatten noise in ways of their own
        chain = [step for step in sample_second_order(rng, scale) if not isinstance(step, Jpeg)]
        told.append(strengths(chain)[0])
        left.append(degrade(flat, chain, rng).std() * 255 / 50)
    assert np.corrcoef(told, left)[0, 1] > 0.85
    assert 0.65 < np.median(np.array(told) / left) < 1.1
