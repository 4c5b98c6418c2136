from math import inf, log10

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from harmonic.ops.quality import grey, high_band_psnr, low_band_psnr, luma, psnr, shave, ssim


def pair(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    a = rng.integers(0, 256, shape, dtype=np.uint8)
    return a, np.clip(a + rng.normal(0, 30, shape), 0, 255).astype(np.uint8)


def test_psnr_of_one_level_everywhere_is_48_13_dB():
    a = np.full((5, 7, 3), 100, np.uint8)
    assert psnr(a, a + 1) == pytest.approx(20 * log10(255), abs=1e-12)
    assert psnr(a + 1, a) == psnr(a, a + 1)


def test_psnr_takes_the_mean_over_pixels_and_channels():
    a = np.zeros((2, 2, 3), np.uint8)
    b = a.copy()
    b[0, 0, 0] = 12
    assert psnr(a, b) == pytest.approx(10 * log10(255**2 / (144 / 12)), abs=1e-12)


def test_equal_pictures_are_infinitely_close():
    a, _ = pair(16, 16, 3)
    assert psnr(a, a) == low_band_psnr(a, a) == high_band_psnr(a, a) == inf
    assert ssim(a, a) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("shape", [(11, 11, 3), (12, 90, 3), (75, 43, 3), (42, 52), (43, 53), (64, 64, 1)])
def test_ssim_equals_scikit_images_gaussian_form(shape):
    a, b = pair(*shape)
    expected = structural_similarity(
        a,
        b,
        channel_axis=2 if len(shape) == 3 else None,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    assert ssim(a, b) == pytest.approx(expected, abs=1e-10)


def test_ssim_needs_room_for_its_window():
    with pytest.raises(ValueError, match="at least 11"):
        ssim(*pair(10, 40, 3))


@pytest.mark.parametrize("metric", [psnr, ssim, low_band_psnr, high_band_psnr])
def test_shapes_must_agree(metric):
    with pytest.raises(ValueError, match="one shape"):
        metric(np.zeros((16, 16, 3)), np.zeros((16, 16)))


def test_a_shift_of_brightness_is_all_low_band():
    a = np.full((40, 36, 3), 100.0)
    assert low_band_psnr(a, a + 2) == pytest.approx(psnr(a, a + 2))
    assert high_band_psnr(a, a + 2) > 250


def test_a_fine_checkerboard_is_nearly_all_high_band():
    a = np.full((40, 36), 100.0)
    b = a + 8 * (np.indices(a.shape).sum(axis=0) % 2 * 2 - 1)
    assert high_band_psnr(a, b) == pytest.approx(psnr(a, b), abs=0.05)
    assert low_band_psnr(a, b) > psnr(a, b) + 30


def test_bands_take_sides_that_are_no_multiple_of_four():
    for metric in (low_band_psnr, high_band_psnr):
        assert np.isfinite(metric(*pair(13, 22, 3)))


def test_luma_runs_from_16_to_235():
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    np.testing.assert_allclose(luma(colours), [[16, 235, 16 + 65.481]], atol=1e-12)


def test_grey_pictures_are_their_own_luma():
    a, _ = pair(4, 5, 3)
    np.testing.assert_array_equal(grey(a), luma(a))
    np.testing.assert_array_equal(grey(a[..., 0]), a[..., 0])
    assert grey(a[..., 0]).dtype == np.float64


def test_shave_cuts_every_side():
    np.testing.assert_array_equal(shave(np.arange(36).reshape(6, 6), 2), [[14, 15], [20, 21]])
    assert shave(np.zeros((6, 6, 3)), 0).shape == (6, 6, 3)
