import numpy as np
import pytest

from harmonic.degrade.blur import convolve, gaussian_blur, gaussian_taps


def plain_blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Written out pixel by pixel, replicated edges, all 21 taps."""
    weights = [np.exp(-(t**2) / (2 * sigma**2)) for t in range(-10, 11)]
    result = picture
    for axis in (0, 1):
        length = result.shape[axis]
        blurred = np.zeros_like(result)
        for i in range(length):
            for t, weight in zip(range(-10, 11), weights, strict=True):
                source = np.take(result, min(max(i + t, 0), length - 1), axis)
                blurred[(slice(None),) * axis + (i,)] += weight / sum(weights) * source
        result = blurred
    return result


@pytest.mark.parametrize("sigma", [0.05, 0.6, 1.6, 3.0, 5.0])
@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 33, 3), (40, 24, 3)])
def test_blur_equals_the_plain_form(sigma, shape):
    picture = np.random.default_rng(1).random(shape)
    np.testing.assert_allclose(gaussian_blur(picture, sigma), plain_blur(picture, sigma), atol=1e-12)
    single = gaussian_blur(picture.astype(np.float32), sigma)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, plain_blur(picture, sigma), atol=1e-6)


def test_taps_sum_to_one_and_are_symmetric():
    taps = gaussian_taps(2.0)
    assert taps.shape == (21,)
    assert taps.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_array_equal(taps, taps[::-1])


def test_a_flat_picture_stays_flat_to_its_edges():
    np.testing.assert_allclose(gaussian_blur(np.full((12, 9, 3), 0.3), 3.0), 0.3, atol=1e-15)


def test_below_a_twentieth_of_a_pixel_nothing_happens():
    picture = np.random.default_rng(2).random((8, 8, 3))
    np.testing.assert_array_equal(gaussian_blur(picture, 0.049), picture)


@pytest.mark.parametrize("side", [1, 3, 7, 21])
@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 33, 3), (24, 17, 3)])
def test_any_kernel_equals_the_plain_form(side, shape):
    rng = np.random.default_rng(3)
    picture, kernel = rng.random(shape), rng.random((side, side))
    kernel += kernel[::-1, ::-1]  # as all kernels here are
    reach = side // 2
    padded = np.pad(picture, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    plain = sum(kernel[y, x] * padded[y : y + shape[0], x : x + shape[1]] for y in range(side) for x in range(side))
    np.testing.assert_allclose(convolve(picture, kernel), plain, rtol=1e-10)
    single = convolve(picture.astype(np.float32), kernel / kernel.sum())
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, plain / kernel.sum(), atol=2e-6)
