import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harmonic.ops.cells import whole_cells
from harmonic.ops.quality import luma, psnr, shave, ssim
from harmonic.ops.resize import cubic, imresize, resize_to, taps


def plain_resize(line: np.ndarray, scale: Fraction) -> np.ndarray:
    """One axis of MATLAB's imresize, written out from its description."""
    length, stretch = len(line), max(1.0, float(1 / scale))
    result = []
    for i in range(1, -int(-length * scale // 1) + 1):
        centre = i / float(scale) + 0.5 * (1 - 1 / float(scale))
        near = range(int(centre - 3 * stretch) - 2, int(centre + 3 * stretch) + 3)
        weights = {t: float(cubic(np.array((centre - t) / stretch))) for t in near}
        mirrored = {t: (t - 1) % (2 * length) for t in near}
        values = {t: line[m] if m < length else line[2 * length - 1 - m] for t, m in mirrored.items()}
        result.append(sum(weights[t] * values[t] for t in near) / sum(weights.values()))
    return np.array(result)


@pytest.mark.parametrize(
    "scale", [Fraction(1, 4), Fraction(1, 3), Fraction(2, 3), Fraction(1, 2), Fraction(1), 2, 3, 4]
)
@pytest.mark.parametrize("length", [1, 2, 7, 24])
def test_each_axis_equals_the_plain_form(scale, length):
    line = np.random.default_rng(5).random(length)
    expected = plain_resize(line, Fraction(scale))
    rows = imresize(np.repeat(line[:, None], 4, axis=1), scale)
    np.testing.assert_allclose(rows[:, 0], expected, atol=1e-12)
    np.testing.assert_allclose(imresize(np.repeat(line[None], 4, axis=0), scale)[0], expected, atol=1e-12)


def test_sizes_are_rounded_up_and_channels_stay():
    assert imresize(np.zeros((10, 7, 3)), Fraction(1, 3)).shape == (4, 3, 3)
    assert imresize(np.zeros((9, 6)), 1 / 3).shape == (3, 2)  # a float third is a third
    assert imresize(np.zeros((9, 6, 1)), 4).shape == (36, 24, 1)


def test_weights_sum_to_one_and_indices_stay_inside():
    indices, weights = taps(13, Fraction(1, 4))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-15)
    assert indices.min() >= 0
    assert indices.max() < 13


def test_8_bit_pictures_are_rounded_after_each_pass_rows_first():
    picture = np.random.default_rng(6).integers(0, 256, (16, 12, 3), dtype=np.uint8)
    rows = np.apply_along_axis(plain_resize, 0, picture.astype(float), Fraction(1, 2))
    rows = np.clip(np.floor(rows + 0.5), 0, 255)
    both = np.apply_along_axis(plain_resize, 1, rows, Fraction(1, 2))
    result = imresize(picture, Fraction(1, 2))
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, np.clip(np.floor(both + 0.5), 0, 255))


def test_a_scale_of_zero_is_refused():
    with pytest.raises(ValueError, match="positive"):
        imresize(np.zeros((4, 4)), 0)


@pytest.fixture
def set5() -> list[np.ndarray]:
    if "HARMONIC_DATA" not in os.environ:
        pytest.skip("HARMONIC_DATA does not name the folder with the test pictures")
    files = sorted((Path(os.environ["HARMONIC_DATA"]) / "test" / "Set5").glob("*.png"))
    return [np.asarray(Image.open(file).convert("RGB")) for file in files]


@pytest.mark.parametrize(
    "scale, expected_psnr, expected_ssim, expected_rgb",
    [
        (2, 33.673410, 0.930287, 31.786604),
        (3, 30.403312, 0.868906, 28.623611),
        (4, 28.429017, 0.811135, 26.692147),
    ],
)
def test_golden_set5_bicubic_of_8_bit_rgb(set5, scale, expected_psnr, expected_ssim, expected_rgb):
    clean = [whole_cells(picture, scale) for picture in set5]
    bicubic = [imresize(imresize(picture, Fraction(1, scale)), scale) for picture in clean]
    shaved = [(shave(a, scale), shave(b, scale)) for a, b in zip(bicubic, clean, strict=True)]
    y = [(luma(a), luma(b)) for a, b in shaved]
    assert np.mean([psnr(a, b) for a, b in y]) == pytest.approx(expected_psnr, abs=1e-4)
    assert np.mean([ssim(a, b) for a, b in y]) == pytest.approx(expected_ssim, abs=1e-5)
    assert np.mean([psnr(a, b) for a, b in shaved]) == pytest.approx(expected_rgb, abs=1e-4)


@pytest.mark.parametrize("scale, expected", [(2, 33.661410), (3, 30.392202), (4, 28.420680)])
def test_golden_set5_bicubic_of_luma_alone_as_published(set5, scale, expected):
    values = []
    for picture in set5:
        y = np.floor(luma(whole_cells(picture, scale)) + 0.5)
        bicubic = np.clip(np.floor(imresize(imresize(y, Fraction(1, scale)), scale) + 0.5), 0, 255)
        values.append(psnr(shave(bicubic, scale), shave(y, scale)))
    assert np.mean(values) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1, 4), 2])
def test_an_exact_size_is_what_a_scale_gives_where_both_exist(dtype, scale):
    picture = (255 * np.random.default_rng(0).random((140, 72, 3))).astype(dtype)
    assert np.array_equal(resize_to(picture, int(140 * scale), int(72 * scale)), imresize(picture, scale))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("size", [(1, 1), (3, 150), (90, 7), (89, 71)])
def test_any_size_and_type_is_reached_and_a_flat_picture_stays(dtype, size):
    level = np.array(0.25 if dtype == np.float32 else np.iinfo(dtype).max, dtype)
    resized = resize_to(np.full((89, 71), level), *size)
    assert resized.shape == size and resized.dtype == dtype
    assert np.abs(resized.astype(np.float64) - level).max() <= 1e-6
