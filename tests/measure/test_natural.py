import numpy as np
import pytest

from harmonic.degrade.kinds import Blur
from harmonic.measure.natural import bundled_scenes, fd_nss, fit_scenes, niqe_free, scenes_from_json, scenes_to_json
from harmonic.measure.suites import eight_bit, gaussian_noise
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import luma
from harmonic.ops.scene_statistics import scene_features

RNG = np.random.default_rng(4)


def scene(side: int = 200) -> np.ndarray:
    """Noise with the spectrum of photographs, (side, side, 3) uint8."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    frequency[0, 0] = 1
    plane = np.fft.ifft2(np.fft.fft2(RNG.normal(size=(side, side))) / frequency**1.3).real
    plane = np.clip(128 + 50 * (plane - plane.mean()) / plane.std(), 0, 255)
    return np.repeat(plane[..., None], 3, 2).astype(np.uint8)


SCENES = [scene() for _ in range(12)]
MODEL = fit_scenes(SCENES)


def features(pictures) -> np.ndarray:
    return np.concatenate([scene_features(luma(picture))[0] for picture in pictures])


def test_the_model_survives_its_file():
    back = scenes_from_json(scenes_to_json(MODEL, "test"))
    np.testing.assert_allclose(back.mean, MODEL.mean, rtol=1e-6)
    np.testing.assert_allclose(back.covariance, MODEL.covariance, rtol=1e-6)
    assert back.pictures == 12


def test_the_bundled_model_is_a_covariance_and_says_that_it_is_not_niqe():
    model = bundled_scenes()
    assert model.pictures > 250
    assert np.linalg.eigvalsh(model.covariance).min() > 0
    assert 1 < model.mean[0] < 4  # shape of normalised brightness: near the normal distribution's 2


@pytest.mark.parametrize("damage", ["noise", "blur"])
def test_damage_raises_both_figures(damage):
    def harm(picture):
        if damage == "noise":
            return to_uint8(gaussian_noise(picture, "any", 40))
        return eight_bit(picture, "any", (Blur(sigma=3),))

    clean, harmed = [scene() for _ in range(3)], [harm(picture) for picture in SCENES]
    assert max(niqe_free(picture, MODEL) for picture in clean) < min(niqe_free(picture, MODEL) for picture in harmed)
    other = [scene() for _ in range(12)]
    assert fd_nss(features(other), features(SCENES), MODEL) < 0.5 * fd_nss(features(harmed), features(SCENES), MODEL)


def test_a_set_is_at_no_distance_from_itself():
    assert fd_nss(features(SCENES), features(SCENES)[::-1], MODEL) == pytest.approx(0, abs=1e-6)


def test_a_picture_without_contrast_has_no_figure():
    assert np.isnan(niqe_free(np.full((200, 200, 3), 90, np.uint8), MODEL))


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match="96"):
        niqe_free(np.zeros((90, 200, 3), np.uint8), MODEL)
