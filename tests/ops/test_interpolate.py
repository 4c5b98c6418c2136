"""Resizing equals torch's, which training code of the field uses."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from harmonic.ops.interpolate import Kernel, dense, interpolate, interpolation_taps

KERNELS: tuple[Kernel, ...] = ("area", "bilinear", "bicubic")


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("height, width", [(1, 1), (7, 40), (19, 27), (24, 36), (61, 9)])
def test_a_picture_is_resized_as_torch_does_it(kernel, height, width):
    picture = np.random.default_rng(0).random((24, 36, 3))
    planes = torch.from_numpy(picture).permute(2, 0, 1)[None]
    options = {} if kernel == "area" else {"align_corners": False}
    expected = F.interpolate(planes, size=(height, width), mode=kernel, **options)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(interpolate(picture, height, width, kernel), expected, atol=1e-12)
    assert interpolate(picture.astype(np.float32), height, width, kernel).dtype == np.float32


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("length, size", [(1, 5), (5, 1), (7, 7), (10, 23), (23, 10)])
def test_weights_sum_to_one_and_the_dense_form_is_the_same_map(kernel, length, size):
    indices, weights = interpolation_taps(length, size, kernel)
    assert len(indices) == len(weights) == size and indices.min() >= 0 and indices.max() < length
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-12)
    line = np.random.default_rng(1).random(length)
    np.testing.assert_allclose(dense(indices, weights, length) @ line, (weights * line[indices]).sum(1), atol=1e-12)


def test_the_same_size_gives_the_same_picture():
    picture = np.random.default_rng(2).random((5, 6, 3))
    for kernel in KERNELS:
        np.testing.assert_array_equal(interpolate(picture, 5, 6, kernel), picture)


def test_a_length_of_zero_is_refused():
    with pytest.raises(ValueError, match="positive"):
        interpolation_taps(0, 4, "area")
