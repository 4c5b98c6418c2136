import json
import re
from hashlib import sha256

import numpy as np
import pytest

from harmonic.degrade.kinds import Jpeg
from harmonic.degrade.second_order import sample_second_order
from harmonic.errors import UsageError
from harmonic.measure.keyed import random_of
from harmonic.measure.suites import (
    NAMES,
    SUITES,
    bicubic_input,
    bicubic_luma,
    eight_bit,
    fitting_names,
    gaussian_noise,
    grey_jpeg,
    second_order,
    suites_named,
    truncated_noise,
)
from harmonic.ops.box_similarity import box_ssim
from harmonic.ops.cells import cut_to_centre
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import luma, psnr, ssim

CLEAN = np.random.default_rng(9).integers(0, 256, (36, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: f"{suite.name} {suite.protocol}")
def test_every_input_is_repeatable_and_smaller_by_the_scale(suite):
    clean = CLEAN[..., 0] if suite.colour == "grey" else CLEAN
    for setting in suite.settings:
        degraded = setting.damage(clean, "any")
        assert [setting.scale * side if setting.scale else side for side in degraded.shape[:2]] == [36, 48]
        assert degraded.shape[2:] == clean.shape[2:]
        assert (degraded.dtype == np.uint8) == (suite.name != "denoise" and not suite.inputs_only)
        np.testing.assert_array_equal(degraded, setting.damage(clean, "any"))


def test_luma_alone_is_not_rounded_on_the_way_down():
    small = 255 * bicubic_luma(CLEAN[..., 0], "any", 2)
    assert np.abs(small - np.round(small)).max() > 0.3
    assert np.abs(small - bicubic_input(CLEAN[..., 0], "any", 2)).max() < 2


def test_a_grey_file_has_no_chroma_to_lose():
    grey = CLEAN[..., 0]
    repeated = eight_bit(np.repeat(grey[..., None], 3, 2), "any", (Jpeg(quality=20),))
    np.testing.assert_array_equal(grey_jpeg(grey, "any", 20), repeated[..., 0])


def test_pictures_of_one_size_get_the_same_noise():
    other = CLEAN[::-1].copy()
    np.testing.assert_allclose(
        gaussian_noise(CLEAN, "a", 25) - CLEAN / 255, gaussian_noise(other, "b", 25) - other / 255, atol=1e-6
    )


def test_the_noise_is_drawn_from_seed_0_of_the_published_stream():
    noise = np.random.RandomState(0).normal(0, 25 / 255, CLEAN.shape)
    np.testing.assert_array_equal(gaussian_noise(CLEAN, "any", 25), (CLEAN / 255 + noise).astype(np.float32))


def test_all_in_one_noise_goes_on_from_picture_to_picture_and_begins_anew_for_each_sigma_and_set():
    low, high, _ = suites_named("all-in-one", 1)[0].settings
    first, second = (damage := low.begin())(CLEAN, "a"), damage(CLEAN, "b")
    np.testing.assert_array_equal(first, truncated_noise(CLEAN, "a", 15))
    both = np.random.RandomState(0).randn(2, *CLEAN.shape)[1] * 15 + CLEAN
    np.testing.assert_array_equal(second, both.clip(0, 255).astype(np.uint8))
    np.testing.assert_array_equal(high.begin()(CLEAN, "a"), truncated_noise(CLEAN, "a", 25))
    np.testing.assert_array_equal(low.begin()(CLEAN, "a"), first)


def test_the_clean_suite_changes_nothing():
    (setting,) = suites_named("clean", 1)[0].settings
    np.testing.assert_array_equal(setting.damage(CLEAN, "any"), CLEAN)


def test_an_unknown_suite_is_told_the_known_ones():
    with pytest.raises(UsageError, match="sr, denoise, jpeg, deblur, hmix, all-in-one, clean, second-order, real"):
        suites_named("deblurr", 1)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_model_gets_the_settings_of_its_scale(scale):
    (suite,) = suites_named("sr", scale)
    assert [setting.name for setting in suite.settings] == [f"x{scale}"]
    assert fitting_names(scale) == (("sr", "real") if scale == 3 else ("sr", "second-order", "real"))


def test_suites_that_do_not_fit_are_refused_with_what_they_need():
    with pytest.raises(UsageError, match="suite sr: needs a model that enlarges by 2 or 3 or 4, this one does by 1"):
        suites_named("sr", 1)
    with pytest.raises(UsageError, match="suite denoise: needs a model that enlarges by 1, this one does by 4"):
        suites_named("denoise", 4)
    assert fitting_names(1) == tuple(name for name in NAMES if name not in ("sr", "second-order"))


def test_damage_of_second_order_is_drawn_by_the_name_of_the_picture():
    first, again, other = (second_order(CLEAN, name, 4) for name in ("a", "a", "b"))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 1
    assert (first.dtype, first.shape, second_order(CLEAN, "a", 2).shape) == (np.uint8, (9, 12, 3), (18, 24, 3))


def test_the_draws_of_second_order_damage_are_frozen():
    """The protocol SECOND-ORDER-1: whoever changes an order of draws makes another one."""
    chains = [sample_second_order(random_of(f"SECOND-ORDER-1/a/x{scale}"), scale) for scale in (2, 4)]
    told = [[step.model_dump() for step in chain] for chain in chains]
    text = json.dumps(told, default=float)
    rounded = re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.6f}", text)
    assert sha256(rounded.encode()).hexdigest()[:16] == "316baf3e97b1a2c6"


def test_rows_of_inputs_alone_are_for_measuring_inputs():
    assert [suite.inputs_only for suite in suites_named("sr", None)] == [False, True]
    assert fitting_names(None) == NAMES


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


@pytest.mark.parametrize(
    "index, expected, similarity", [(0, 24.832750, 0.591894), (1, 20.537915, 0.417615), (2, 15.004323, 0.219051)]
)
def test_golden_all_in_one_noise_on_cbsd68(cbsd68, index, expected, similarity):
    damage = suites_named("all-in-one", 1)[0].settings[index].begin()
    rows = []
    for name in sorted(cbsd68):
        clean = cut_to_centre(cbsd68[name], 16)
        noisy = damage(clean, name)
        rows.append((psnr(noisy, clean), box_ssim(noisy, clean)))
    means = np.mean(rows, axis=0)
    assert means[0] == pytest.approx(expected, abs=1e-4)
    assert means[1] == pytest.approx(similarity, abs=1e-5)


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
    steps = suites_named("deblur", 1)[0].settings[index].damage.keywords["steps"]
    rgb, similarity, y = means_over(cbsd68, steps)
    assert rgb == pytest.approx(expected_psnr, abs=1e-4)
    assert similarity == pytest.approx(expected_ssim, abs=1e-5)
    assert y == pytest.approx(expected_y, abs=1e-4)
