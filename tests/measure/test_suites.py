import numpy as np
import pytest

from harmonic.degrade.kinds import Jpeg
from harmonic.errors import UsageError
from harmonic.measure.suites import SUITES, eight_bit, gaussian_noise, suite_named
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import luma, psnr, ssim

CLEAN = np.random.default_rng(9).integers(0, 256, (32, 41, 3), dtype=np.uint8)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_every_input_is_repeatable_and_of_the_clean_pictures_shape(suite):
    for setting in suite.settings:
        degraded = setting.damage(CLEAN, "any")
        assert degraded.shape == CLEAN.shape
        assert degraded.dtype == (np.float32 if suite.name == "denoise" else np.uint8)
        np.testing.assert_array_equal(degraded, setting.damage(CLEAN, "any"))


def test_pictures_of_one_size_get_the_same_noise():
    other = CLEAN[::-1].copy()
    np.testing.assert_allclose(
        gaussian_noise(CLEAN, "a", 25) - CLEAN / 255, gaussian_noise(other, "b", 25) - other / 255, atol=1e-6
    )


def test_the_noise_is_drawn_from_seed_0_of_the_published_stream():
    noise = np.random.RandomState(0).normal(0, 25 / 255, CLEAN.shape)
    np.testing.assert_array_equal(gaussian_noise(CLEAN, "any", 25), (CLEAN / 255 + noise).astype(np.float32))


def test_the_clean_suite_changes_nothing():
    (setting,) = suite_named("clean").settings
    np.testing.assert_array_equal(setting.damage(CLEAN, "any"), CLEAN)


def test_an_unknown_suite_is_told_the_known_ones():
    with pytest.raises(UsageError, match="denoise, jpeg, deblur, hmix, clean"):
        suite_named("deblurr")


# Golden values of protocol 11.2, 11.4 and 11.5: mean over the whole set, 1e-4 dB and 1e-5 SSIM.


@pytest.mark.parametrize(
    "sigma, unclipped, clipped, similarity",
    [
        (15, 24.618759, 24.843788, 0.573132),
        (25, 20.181784, 20.542626, 0.394881),
        (50, 14.161184, 15.003395, 0.199601),
    ],
)
def test_golden_noise_on_cbsd68(cbsd68, sigma, unclipped, clipped, similarity):
    rows = []
    for name, clean in cbsd68.items():
        noisy = gaussian_noise(clean, name, sigma)
        shown = to_uint8(noisy)
        rows.append((psnr(noisy.astype(np.float64) * 255, clean), psnr(shown, clean), ssim(shown, clean)))
    means = np.mean(rows, axis=0)
    np.testing.assert_allclose(means[:2], [unclipped, clipped], atol=1e-4)
    assert means[2] == pytest.approx(similarity, abs=1e-5)


def means_over(pictures, steps):
    """RGB PSNR, SSIM and Y PSNR of the degraded pictures of a set."""
    rows = []
    for name, clean in pictures.items():
        degraded = eight_bit(clean, name, steps)
        rows.append((psnr(degraded, clean), ssim(degraded, clean), psnr(luma(degraded), luma(clean))))
    return np.mean(rows, axis=0)


@pytest.mark.parametrize(
    "subsampling, quality, expected_psnr, expected_ssim",
    [
        ("4:2:0", 10, 25.692512, 0.743344),
        ("4:2:0", 20, 28.060706, 0.825622),
        ("4:2:0", 30, 29.365857, 0.861457),
        ("4:2:0", 40, 30.280349, 0.882070),
        ("4:4:4", 10, 25.965567, 0.742473),
        ("4:4:4", 20, 28.452629, 0.827913),
        ("4:4:4", 30, 29.834317, 0.865266),
        ("4:4:4", 40, 30.820645, 0.886831),
    ],
)
def test_golden_jpeg_on_live1(live1, subsampling, quality, expected_psnr, expected_ssim):
    rgb, similarity, _ = means_over(live1, (Jpeg(quality=quality, subsampling=subsampling),))
    assert rgb == pytest.approx(expected_psnr, abs=1e-4)
    assert similarity == pytest.approx(expected_ssim, abs=1e-5)


@pytest.mark.parametrize(
    "index, expected_psnr, expected_ssim, expected_y",
    [
        (0, 28.187965, 0.833715, 29.523367),
        (1, 25.594008, 0.712142, 26.931400),
        (2, 24.656230, 0.658243, 25.997474),
        (3, 23.229708, 0.576277, 24.582126),
    ],
)
def test_golden_blur_on_cbsd68(cbsd68, index, expected_psnr, expected_ssim, expected_y):
    steps = suite_named("deblur").settings[index].damage.keywords["steps"]
    rgb, similarity, y = means_over(cbsd68, steps)
    assert rgb == pytest.approx(expected_psnr, abs=1e-4)
    assert similarity == pytest.approx(expected_ssim, abs=1e-5)
    assert y == pytest.approx(expected_y, abs=1e-4)
