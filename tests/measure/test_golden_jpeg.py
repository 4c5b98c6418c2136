"""Golden PSNR-B and SSIM of JPEG inputs, protocol 11.3, 11.4 and F11: means over LIVE1 and Classic5."""

import numpy as np
import pytest

from harmonic.degrade.codecs import jpeg
from harmonic.ops.block_artefacts import psnr_b, psnr_b_of_channels, psnr_b_of_luma
from harmonic.ops.quality import luma, psnr, ssim


@pytest.mark.parametrize(
    "quality, expected",
    [
        (10, (27.769810, 0.772997, 25.329334, 25.332528)),
        pytest.param(20, (30.072003, 0.851225, 27.560904, 27.565730), marks=pytest.mark.long),
        pytest.param(30, (31.407437, 0.885147, 28.916334, 28.922779), marks=pytest.mark.long),
        (40, (32.354795, 0.904119, 29.948293, 29.956577)),
    ],
)
def test_grey_live1_with_both_counts_of_borders(live1, quality, expected):
    rows = []
    for picture in live1.values():
        clean = np.floor(luma(picture) + 0.5).astype(np.uint8)
        seen = jpeg(clean, quality, "4:2:0")
        rows.append((psnr(seen, clean), ssim(seen, clean), psnr_b(seen, clean), psnr_b(seen, clean, "real")))
    means = np.mean(rows, axis=0)
    np.testing.assert_allclose(means[[0, 2, 3]], np.array(expected)[[0, 2, 3]], atol=1e-4)
    assert means[1] == pytest.approx(expected[1], abs=1e-5)


@pytest.mark.parametrize(
    "quality, expected",
    [
        (10, (27.821092, 0.759521, 25.208965)),
        (20, (30.123334, 0.834403, 27.501401)),
        (30, (31.483953, 0.866626, 28.939474)),
        (40, (32.428386, 0.884943, 29.921295)),
    ],
)
def test_grey_classic5(classic5, quality, expected):
    assert len(classic5) == 5 and {clean.ndim for clean in classic5.values()} == {2}
    pairs = [(jpeg(clean, quality, "4:2:0"), clean) for clean in classic5.values()]
    means = np.mean([(psnr(*pair), ssim(*pair), psnr_b(*pair)) for pair in pairs], axis=0)
    np.testing.assert_allclose(means[[0, 2]], np.array(expected)[[0, 2]], atol=1e-4)
    assert means[1] == pytest.approx(expected[1], abs=1e-5)


@pytest.mark.parametrize(
    "quality, of_channels, of_luma",
    [
        (10, 23.754988, 24.198272),
        pytest.param(20, 26.017693, 26.484916, marks=pytest.mark.long),
        pytest.param(30, 27.379316, 27.832874, marks=pytest.mark.long),
        (40, 28.393761, 28.825771),
    ],
)
def test_colour_live1_in_both_forms(live1, quality, of_channels, of_luma):
    pairs = [(jpeg(clean, quality, "4:2:0"), clean) for clean in live1.values()]
    assert np.mean([psnr_b_of_channels(*pair) for pair in pairs]) == pytest.approx(of_channels, abs=1e-4)
    assert np.mean([psnr_b_of_luma(*pair) for pair in pairs]) == pytest.approx(of_luma, abs=1e-4)


def test_swapped_arguments_give_another_figure(live1):
    """Protocol P-JP-5: 27.72 in place of 25.33."""
    swapped = []
    for picture in live1.values():
        clean = np.floor(luma(picture) + 0.5).astype(np.uint8)
        swapped.append(psnr_b(clean, jpeg(clean, 10, "4:2:0")))
    assert np.mean(swapped) == pytest.approx(27.72, abs=0.01)


def test_ssim_of_colour_and_of_luma_are_two_figures(live1):
    """Fact F11."""
    pairs = [(jpeg(clean, 10, "4:2:0"), clean) for clean in live1.values()]
    assert np.mean([ssim(*pair) for pair in pairs]) == pytest.approx(0.743344, abs=1e-5)
    assert np.mean([ssim(luma(a), luma(b)) for a, b in pairs]) == pytest.approx(0.794139, abs=1e-5)
