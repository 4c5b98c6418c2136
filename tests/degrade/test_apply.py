from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Blur, Jpeg, Noise, Round

EVERY_KIND = [Blur(sigma=1.2), Noise(sigma=20), Noise(sigma=20, clip=True), Jpeg(quality=30), Round()]


def philox(key: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=key))


def picture(height: int = 24, width: int = 37) -> np.ndarray:
    return np.random.default_rng(7).random((height, width, 3))


@pytest.mark.parametrize("step", EVERY_KIND, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_stay_and_the_input_is_not_touched(step, dtype):
    clean = picture().astype(dtype)
    before = clean.copy()
    degraded = degrade(clean, [step], philox())
    assert degraded.shape == clean.shape
    assert degraded.dtype == dtype
    np.testing.assert_array_equal(clean, before)


def test_no_steps_give_an_equal_but_separate_picture():
    clean = picture()
    result = degrade(clean, [], philox())
    np.testing.assert_array_equal(result, clean)
    assert not np.shares_memory(result, clean)


def test_the_same_key_gives_the_same_picture_and_another_key_another():
    chain = [Blur(sigma=1), Noise(sigma=10), Jpeg(quality=50)]
    first, again, other = (degrade(picture(), chain, philox(key)) for key in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_steps_act_in_their_order():
    blur, noise = Blur(sigma=2), Noise(sigma=50)
    noisy_last = degrade(picture(), [blur, noise], philox())
    noisy_first = degrade(picture(), [noise, blur], philox())
    assert noisy_last.std() > 2 * noisy_first.std()


def test_noise_is_that_of_published_denoising_tests():
    clean = picture()
    np.random.seed(0)  # noqa: NPY002 (as those tests do it, P-DN-1)
    expected = clean + np.random.normal(0, 25 / 255, clean.shape)  # noqa: NPY002
    np.testing.assert_array_equal(degrade(clean, [Noise(sigma=25)], np.random.RandomState(0)), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_has_the_stated_sigma_and_leaves_the_range_unless_clipped(dtype):
    white = np.ones((200, 200, 3), dtype)
    noisy = degrade(white, [Noise(sigma=25)], philox())
    assert (noisy - white).std() * 255 == pytest.approx(25, rel=0.01)
    assert noisy.max() > 1.2
    clipped = degrade(white, [Noise(sigma=25, clip=True)], philox())
    np.testing.assert_array_equal(clipped, noisy.clip(0, 1))


def test_rounding_is_half_up_and_clips():
    values = np.array([-0.1, 0.5, 1.5, 2.49999, 254.5, 300.0]) / 255
    rounded = degrade(np.broadcast_to(values[None, :, None], (1, 6, 3)), [Round()], philox())
    np.testing.assert_array_equal(rounded[0, :, 0] * 255, [0, 1, 2, 2, 255, 255])


@pytest.mark.parametrize("subsampling, code", [("4:2:0", 2), ("4:4:4", 0)])
@pytest.mark.parametrize("quality", [5, 10, 95])
def test_jpeg_is_what_a_file_written_by_pillow_holds(subsampling, code, quality):
    clean = np.random.default_rng(3).integers(0, 256, (33, 50, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(clean).save(file, "JPEG", quality=quality, subsampling=code)
    expected = np.asarray(Image.open(BytesIO(file.getvalue())).convert("RGB"))
    result = degrade(clean / 255, [Jpeg(quality=quality, subsampling=subsampling)], philox())
    np.testing.assert_array_equal(np.rint(result * 255), expected)


def test_chroma_is_subsampled_unless_told_otherwise():
    # Stripes of colour one pixel wide: 4:2:0 loses them, 4:4:4 keeps them.
    stripes = np.zeros((32, 32, 3))
    stripes[:, ::2, 0] = 1
    stripes[:, 1::2, 2] = 1
    half = degrade(stripes, [Jpeg(quality=95)], philox())
    full = degrade(stripes, [Jpeg(quality=95, subsampling="4:4:4")], philox())
    assert np.abs(half - stripes).mean() > 5 * np.abs(full - stripes).mean()


@pytest.mark.parametrize("wrong", [np.zeros((4, 4)), np.zeros((4, 4, 1)), np.zeros((4, 4, 3), np.uint8)])
def test_other_shapes_and_dtypes_are_refused(wrong):
    with pytest.raises(ValueError, match=r"expected \(H, W, 3\)"):
        degrade(wrong, [], philox())
