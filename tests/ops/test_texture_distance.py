import numpy as np
import pytest
import torch

from harmonic.ops.texture_distance import texture_distance
from textures import blurred, sample


def picture(texture: torch.Tensor) -> np.ndarray:
    return 255 * texture[0].permute(1, 2, 0).double().numpy()


def test_another_sample_of_the_texture_is_nearer_than_a_blurred_copy():
    """The opposite of what PSNR says."""
    target, other = sample(1), sample(2)
    soft = blurred(target, 1.0)
    assert (soft - target).square().mean() < (other - target).square().mean()
    assert texture_distance(picture(other), picture(target)) < 0.5 * texture_distance(picture(soft), picture(target))


def test_where_a_texture_lies_does_not_count():
    a = picture(sample(3))
    assert texture_distance(np.roll(a, (16, 24), (0, 1)), a) < 0.1 * texture_distance(np.full_like(a, 128), a)


def test_equal_pictures_have_none_and_brightness_does_not_count():
    a = picture(sample(4))
    assert texture_distance(a, a) == 0
    assert texture_distance(a + 9, a) == pytest.approx(0, abs=1e-9)


def test_it_is_symmetric_and_grows_with_contrast_in_proportion():
    a = picture(sample(5))
    b, c = 128 + 0.5 * (a - 128), 128 + 0.75 * (a - 128)
    assert texture_distance(a, b) == pytest.approx(texture_distance(b, a))
    assert texture_distance(a, b) == pytest.approx(2 * texture_distance(a, c), rel=1e-6)


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match="28"):
        texture_distance(np.zeros((27, 40)), np.zeros((27, 40)))
