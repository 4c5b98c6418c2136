import numpy as np
import pytest

from harmonic.ops.scene_statistics import FEATURES, PATCH, fit_asymmetric, normalise, scene_features

RNG = np.random.default_rng(8)


def smooth_noise(height: int, width: int) -> np.ndarray:
    noise = RNG.normal(0, 60, (height + 8, width + 8))
    rows = sum(noise[i : i + height] for i in range(9))
    return 128 + sum(rows[:, i : i + width] for i in range(9)) / 9


@pytest.mark.parametrize(
    "samples, shape, scale",
    [
        (RNG.normal(0, 3, 60000), 2.0, 3 * 2**0.5),
        (RNG.laplace(0, 5, 60000), 1.0, 5.0),
        (RNG.uniform(-2, 2, 60000), 10.0, 2.0),
    ],
)
def test_known_distributions_are_recognised(samples, shape, scale):
    found, left, right = fit_asymmetric(samples[None])
    assert found[0] == pytest.approx(shape, rel=0.05)
    assert left[0] == pytest.approx(scale, rel=0.08)
    assert right[0] == pytest.approx(scale, rel=0.08)


def test_the_two_sides_are_told_apart_and_mirrored_with_the_samples():
    samples = RNG.normal(0, 1, 50000)
    samples = np.where(samples > 0, 3 * samples, samples)[None]
    shape, left, right = fit_asymmetric(samples)
    assert right / left == pytest.approx(3, rel=0.03)
    mirrored = fit_asymmetric(-samples)
    np.testing.assert_allclose(mirrored, (shape, right, left))


def test_the_scale_moves_with_the_samples_and_the_shape_does_not():
    samples = RNG.laplace(0, 1, (3, 5000))
    shape, left, right = fit_asymmetric(samples)
    np.testing.assert_allclose(fit_asymmetric(7 * samples), (shape, 7 * left, 7 * right), rtol=1e-9)


def test_normalised_brightness_ignores_offset_and_has_mean_near_zero():
    picture = smooth_noise(60, 70)
    normalised, deviation = normalise(picture)
    np.testing.assert_allclose(normalise(picture + 20)[0], normalised, atol=1e-6)
    assert abs(normalised.mean()) < 0.05
    assert deviation.min() >= 0


def test_each_whole_patch_has_its_features():
    features, sharpness = scene_features(smooth_noise(2 * PATCH + 50, 3 * PATCH + 1))
    assert features.shape == (6, FEATURES)
    assert sharpness.shape == (6,)
    assert np.isfinite(features).all()
    assert features[:, 3].min() > 0  # neighbours are alike, so their products are positive in the mean


def test_flat_patches_are_left_out():
    picture = smooth_noise(PATCH, 3 * PATCH)
    picture[:, : 2 * PATCH - 20] = 77.7 + RNG.normal(0, 0.05, (PATCH, 2 * PATCH - 20))
    features, sharpness = scene_features(picture)
    assert len(features) == len(sharpness) == 2


def test_blur_is_seen_in_sharpness_and_noise_in_shape():
    picture = smooth_noise(PATCH, PATCH)
    blurred = np.cumsum(np.pad(picture, ((9, 0), (0, 0)), mode="edge"), 0)
    blurred = (blurred[9:] - blurred[:-9]) / 9
    assert scene_features(blurred)[1] < 0.8 * scene_features(picture)[1]


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match="96"):
        scene_features(np.zeros((95, 200)))
