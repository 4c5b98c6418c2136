from math import inf, log2, log10

import numpy as np
import pytest

from harmonic.ops.block_artefacts import blocking, psnr_b, psnr_b_of_channels, psnr_b_of_luma
from harmonic.ops.quality import psnr

NOISE = np.random.default_rng(3).integers(0, 256, (33, 41, 3), dtype=np.uint8)


def blocks(height: int = 32, width: int = 40, step: float = 6) -> np.ndarray:
    """Flat blocks of 8 x 8, alternating by `step`: all steps lie on borders."""
    y, x = np.mgrid[:height, :width] // 8
    return 100 + step * ((x + y) % 2)


@pytest.mark.parametrize("counts, borders", [("integer", 33 * 4 + 41 * 3), ("real", 33 * 4.125 + 41 * 3.125)])
def test_blocking_equals_the_sums_written_out(counts, borders):
    picture = NOISE[..., 0].astype(float) + 3 * blocks(33, 41)
    at_borders, elsewhere, steps = 0.0, 0.0, 0
    for y in range(33):
        for x in range(41):
            for other, edge in (((y, x + 1), x % 8 == 7), ((y + 1, x), y % 8 == 7)):
                if other[0] < 33 and other[1] < 41:
                    steps += 1
                    squared = (picture[other] - picture[y, x]) ** 2
                    at_borders, elsewhere = (
                        (at_borders + squared, elsewhere) if edge else (at_borders, elsewhere + squared)
                    )
    excess = at_borders / borders - elsewhere / (steps - borders)
    assert excess > 0
    assert blocking(picture, counts) == pytest.approx(3 / log2(33) * excess, rel=1e-12)


def test_steps_inside_blocks_are_no_block_artefacts():
    assert blocking(np.roll(blocks(), 4, (0, 1))) == 0
    assert blocking(blocks()) > 0


def test_without_block_steps_it_is_psnr():
    a, b = NOISE[..., 0], np.roll(blocks(33, 41), 4, (0, 1))
    assert psnr_b(b, a) == psnr(b, a)
    assert psnr_b(np.full((16, 16), 7), np.full((16, 16), 7)) == inf


def test_steps_are_those_of_the_restored_picture():
    flat = np.full((32, 40), 103.0)
    assert psnr_b(flat, blocks()) == psnr(flat, blocks())
    assert psnr_b(blocks(), flat) < psnr(flat, blocks()) - 1


def test_colour_form_a_is_the_mean_of_the_channels():
    a, b = NOISE, np.repeat(blocks(33, 41)[..., None], 3, 2)
    expected = np.mean([psnr_b(b[..., c], a[..., c]) for c in range(3)])
    assert psnr_b_of_channels(b, a) == pytest.approx(expected, abs=1e-12)


def test_colour_form_b_adds_the_steps_of_rounded_luma_to_the_error_of_rgb():
    b = np.repeat(blocks(33, 41)[..., None], 3, 2)
    y = np.floor(16 + b[..., 0] * (65.481 + 128.553 + 24.966) / 255 + 0.5)
    error = np.mean((NOISE.astype(float) - b) ** 2) + blocking(y)
    assert psnr_b_of_luma(b, NOISE) == pytest.approx(10 * log10(255**2 / error), abs=1e-12)


@pytest.mark.parametrize(
    "metric, shape",
    [(psnr_b, (32, 32, 3)), (psnr_b_of_luma, (32, 32)), (psnr_b_of_channels, (32, 32, 1)), (psnr_b, (15, 32))],
)
def test_other_shapes_are_refused(metric, shape):
    with pytest.raises(ValueError, match=r"expected|at least"):
        metric(np.zeros(shape), np.zeros(shape))
