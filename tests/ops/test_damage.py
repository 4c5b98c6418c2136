"""Estimators follow the damage that was done, on photographs."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harmonic.ops.damage import blockiness, enlarged_by, noise_level, sharpness

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


@pytest.fixture(scope="module", params=["astronaut", "camera"])
def photo(request):
    return Image.open(PHOTOS / f"{request.param}.clean.webp").convert("L")


def array(image):
    return np.asarray(image, np.float64)


@pytest.mark.parametrize("sigma", [5, 15, 30])
def test_noise_is_found_within_a_fifth(photo, sigma):
    plane = array(photo)
    noisy = plane + np.random.default_rng(0).normal(0, sigma, plane.shape)
    assert noise_level(noisy) == pytest.approx(sigma, rel=0.2) and noise_level(plane) < 2.5


def test_blur_takes_sharpness_step_by_step(photo):
    sizes = [photo.size, *((photo.width // n, photo.height // n) for n in (2, 3, 4))]
    scores = [sharpness(array(photo.resize(size, Image.Resampling.BOX).resize(photo.size))) for size in sizes]
    assert scores == sorted(scores, reverse=True) and scores[0] > 0.6 and scores[-1] < 0.45


def test_blocks_grow_with_compression_and_clean_pictures_have_none(photo):
    found = [blockiness(array(photo))]
    for quality in (60, 30, 10):
        photo.save(buffer := io.BytesIO(), "JPEG", quality=quality)
        found.append(blockiness(array(Image.open(buffer))))
        assert enlarged_by(array(Image.open(buffer))) is None
    assert found == sorted(found) and found[0] < 1.05 and found[1] > 1.08 and found[-1] > 1.5


@pytest.mark.parametrize("factor", [1.5, 2, 3])
def test_enlarging_is_found_with_its_factor(photo, factor):
    size = round(factor * photo.width), round(factor * photo.height)
    assert enlarged_by(array(photo.resize(size, Image.Resampling.BICUBIC))) == factor
    assert enlarged_by(array(photo)) is None


@pytest.mark.parametrize("shape", [(1, 1), (2, 50), (17, 3), (64, 64)])
def test_any_size_and_a_flat_picture_has_no_damage(shape):
    flat = np.full(shape, 99.0)
    assert (noise_level(flat), sharpness(flat), blockiness(flat), enlarged_by(flat)) == (0, 0, 1, None)
