from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from harmonic.degrade.apply import degrade, final_size
from harmonic.degrade.kinds import (
    AnisotropicBlur,
    Bicubic,
    Blur,
    Jpeg,
    MotionBlur,
    Noise,
    PoissonNoise,
    Resize,
    Round,
    Sinc,
    Speckle,
    ToScale,
    WebP,
)
from harmonic.ops.resize import imresize

SAME_SIZE = [
    Blur(sigma=1.2),
    AnisotropicBlur(sigma=2, across=1, angle=1),
    MotionBlur(length=5, angle=1),
    Sinc(cutoff=2),
    Noise(sigma=20),
    Noise(sigma=20, clip=True),
    PoissonNoise(scale=2),
    Speckle(sigma=20),
    Jpeg(quality=30),
    WebP(quality=30),
    Round(),
    ToScale(),
]
OTHER_SIZE = [Resize(factor=0.5, kernel="area"), ToScale(scale=1.7), Bicubic(scale=3)]


def philox(key: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=key))


def picture(height: int = 24, width: int = 37) -> np.ndarray:
    return np.random.default_rng(7).random((height, width, 3))


@pytest.mark.parametrize("step", [*SAME_SIZE, *OTHER_SIZE], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_stay_and_the_input_is_not_touched(step, dtype):
    clean = picture().astype(dtype)
    before = clean.copy()
    degraded = degrade(clean, [step], philox())
    assert degraded.shape == (*final_size([step], (24, 37)), 3)
    assert (degraded.shape == clean.shape) == (step in SAME_SIZE)
    assert degraded.dtype == dtype and not np.shares_memory(degraded, clean)
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


@pytest.mark.parametrize("step", [*SAME_SIZE, *OTHER_SIZE], ids=str)
@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 9, 3)])
def test_the_smallest_pictures_are_degraded_too(step, shape):
    assert np.isfinite(degrade(np.full(shape, 0.4), [step], philox())).all()


def test_photon_noise_grows_with_the_root_of_the_light():
    for value in (0.0, 0.1, 0.5, 1.0):
        noise = degrade(np.full((200, 200, 3), value), [PoissonNoise(scale=2)], philox()) - value
        assert noise.std() * 255 == pytest.approx(2 * np.sqrt(255 * value), rel=0.02)
        assert abs(noise.mean()) < 2e-3
    dark = degrade(np.full((20, 20, 3), -0.1), [PoissonNoise(scale=2)], philox())
    np.testing.assert_array_equal(dark, -0.1)


def test_speckle_grows_with_the_light():
    for value in (0.0, 0.2, 1.0):
        noise = degrade(np.full((200, 200, 3), value), [Speckle(sigma=30)], philox()) - value
        assert noise.std() * 255 == pytest.approx(30 * value, rel=0.02)


@pytest.mark.parametrize("noise", [Noise(sigma=99), PoissonNoise(scale=8), Speckle(sigma=99)])
def test_grey_noise_is_one_for_all_channels_and_clipped_noise_stays_in_the_range(noise):
    grey = np.repeat(picture()[..., :1], 3, 2)
    noisy = degrade(grey, [noise.model_copy(update={"grey": True})], philox())
    assert noisy.max() > 1 and noisy.min() < 0
    np.testing.assert_allclose(noisy, np.repeat(noisy[..., :1], 3, 2), atol=1e-12)
    assert np.ptp(degrade(grey, [noise], philox()), axis=2).max() > 0.1
    clipped = degrade(grey, [noise.model_copy(update={"grey": True, "clip": True})], philox())
    np.testing.assert_array_equal(clipped, noisy.clip(0, 1))


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bicubic_is_the_benchmarks_own_to_the_last_sample(scale, dtype):
    clean = np.random.default_rng(9).integers(0, 256, (48, 37, 3), np.uint8)
    result = degrade((clean / 255).astype(dtype), [Bicubic(scale=scale)], philox())
    np.testing.assert_array_equal(np.rint(result * 255), imresize(clean, Fraction(1, scale)))


def test_a_chain_may_change_its_size_and_ends_where_it_is_told():
    chain = [Resize(factor=0.37), Blur(sigma=1), Resize(factor=1.9, kernel="area"), ToScale(scale=2, kernel="bilinear")]
    assert degrade(picture(48, 40), chain, philox()).shape == (24, 20, 3)
    assert final_size(chain, (48, 40)) == (24, 20)
    assert final_size([Resize(factor=0.05), ToScale(scale=1 / 0.3)], (5, 7)) == (2, 3)
    assert final_size([ToScale(scale=4 / (1 / 1.1)), ToScale(scale=4)], (64, 128)) == (16, 32)


def test_a_smooth_picture_survives_a_way_through_other_sizes_in_place():
    y, x = np.mgrid[:40, :60]
    ramp = np.stack([x / 60, y / 40, (x + y) / 100], 2)
    for kernel in ("area", "bilinear", "bicubic"):
        back = degrade(ramp, [Resize(factor=1.5, kernel=kernel), ToScale(kernel=kernel)], philox())
        assert np.abs(back - ramp)[4:-4, 4:-4].max() < 0.01  # half a pixel aside would be 0.008 and 0.0125


def test_webp_is_what_a_file_written_by_pillow_holds():
    clean = np.random.default_rng(3).integers(0, 256, (33, 50, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(clean).save(file, "WEBP", quality=40)
    expected = np.asarray(Image.open(BytesIO(file.getvalue())).convert("RGB"))
    np.testing.assert_array_equal(np.rint(degrade(clean / 255, [WebP(quality=40)], philox()) * 255), expected)
