import numpy as np
import pytest

from harmonic.ops.frechet import frechet_distance

CLOUD = np.random.default_rng(1).normal(size=(400, 5)) @ np.random.default_rng(2).normal(size=(5, 5))


def test_a_cloud_is_at_no_distance_from_itself_in_any_order():
    assert frechet_distance(CLOUD, CLOUD[::-1]) == pytest.approx(0, abs=1e-9)


def test_a_shift_counts_its_square():
    assert frechet_distance(CLOUD, CLOUD + np.array([3, 4, 0, 0, 0])) == pytest.approx(25, abs=1e-6)


def test_of_independent_coordinates_it_is_the_sum_of_gaps_of_means_and_deviations():
    """For diagonal covariances the distance is |m1 - m2|² + |s1 - s2|²."""
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]]) * np.sqrt(3 / 4)  # covariance exactly I
    stretched = corners * np.array([3.0, 0.5]) + np.array([1.0, -2.0])
    assert frechet_distance(corners, stretched) == pytest.approx(1 + 4 + 4 + 0.25)


def test_it_is_symmetric_and_takes_clouds_without_full_rank():
    flat = CLOUD[:3]
    assert frechet_distance(flat, CLOUD) == pytest.approx(frechet_distance(CLOUD, flat), rel=1e-6)


def test_clouds_of_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="expected"):
        frechet_distance(CLOUD, CLOUD[:, :4])
