"""Synthetic pictures: functions of their generator, any size, unclipped, antialiased, of all frequencies."""

import numpy as np
import pytest
from PIL import Image

from harmonic.train.colours import LUMA_RANGE, contrasting, palette
from harmonic.train.drawings import FINE, _over
from harmonic.train.synthetic import KINDS, synthetic_picture


def drawn(kind, seed, height=48, width=64):
    return synthetic_picture(np.random.default_rng(seed), height, width, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_a_function_of_its_generator(kind):
    assert np.array_equal(drawn(kind, 5), drawn(kind, 5))
    assert not np.array_equal(drawn(kind, 5), drawn(kind, 6))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("height, width", [(1, 1), (1, 40), (33, 2), (70, 130)])
def test_any_size_is_drawn(kind, height, width):
    for seed in range(3):
        picture = drawn(kind, seed, height, width)
        assert picture.shape == (height, width, 3) and picture.dtype == np.uint8


def test_screens_are_of_pure_colours_and_half_of_them_of_one():
    pictures = [drawn("screen", seed) for seed in range(60)]
    assert all(np.isin(picture, (0, 255)).all() for picture in pictures)
    flat = [picture for picture in pictures if np.ptp(picture, (0, 1)).max() == 0]
    assert 20 < len(flat) < 45 and len({tuple(picture[0, 0]) for picture in flat}) == 8


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "screen"])
def test_hardly_a_sample_is_clipped(kind):
    pictures = np.stack([drawn(kind, seed) for seed in range(40)])
    assert ((pictures == 0) | (pictures == 255)).mean() < 0.03
    assert pictures.min() < 60 and pictures.max() > 195, "and yet the range is used"


def test_without_a_kind_all_kinds_come():
    def first(seed):
        return KINDS[np.random.default_rng(seed).integers(len(KINDS))]

    assert {first(seed) for seed in range(60)} == set(KINDS)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        kind = KINDS[rng.integers(len(KINDS))]
        assert np.array_equal(drawn(None, seed), synthetic_picture(rng, 48, 64, kind))


def test_waves_reach_from_slow_to_nearly_the_finest():
    peaks = []
    for seed in range(60):
        grey = drawn("grating", seed, 64, 64).mean(2)
        spectrum = np.abs(np.fft.fft2((grey - grey.mean()) * np.hanning(64)[:, None] * np.hanning(64)))
        y, x = np.unravel_index(spectrum.argmax(), spectrum.shape)
        peaks.append(np.hypot(min(y, 64 - y), min(x, 64 - x)) / 64)
    assert min(peaks) < 0.04 and max(peaks) > 0.33


def test_a_mask_counts_by_the_share_of_the_pixel_that_it_covers():
    """One drawn pixel is a share of 1 / FINE² of a pixel."""
    mask = Image.new("L", (2 * FINE, FINE))
    mask.putpixel((0, 0), 255)
    got = _over(np.zeros((1, 2, 3), np.float32), mask, np.array([90, 90, 90]))
    assert got[0, 0, 0] == pytest.approx(90 / FINE**2, abs=0.4) and got[0, 1, 0] == 0


@pytest.mark.parametrize("kind", ["edges", "text", "grid", "leaves"])
def test_edges_are_soft_by_a_pixel(kind):
    """Most strong steps over two pixels have a value between their ends; hard edges would have none."""
    between, steps = 0, 0
    for seed in range(8):
        grey = drawn(kind, seed).astype(float).mean(2)
        for plane in (grey, grey.T):
            before, here, after = plane[:-2], plane[1:-1], plane[2:]
            strong = np.abs(after - before) > 40
            low, high = np.minimum(before, after) + 4, np.maximum(before, after) - 4
            steps += strong.sum()
            between += (strong & (here > low) & (here < high)).sum()
    assert steps > 300 and between / steps > 0.35


def test_colours_stay_in_range_and_contrasts_where_asked():
    rng = np.random.default_rng(0)
    for _ in range(200):
        colours = palette(rng, 8)
        assert colours.min() >= 0 and colours.max() <= 255
        lumas = contrasting(rng, least=50) @ [0.299, 0.587, 0.114]
        assert 49 < np.ptp(lumas) < 221 and LUMA_RANGE[0] - 1 < lumas.min() and lumas.max() < LUMA_RANGE[1] + 1


def test_an_unknown_kind_or_no_pixels_is_refused():
    with pytest.raises(ValueError, match="grating, text"):
        drawn("cats", 0)
    with pytest.raises(ValueError, match="0x64"):
        drawn("grid", 0, 0)
