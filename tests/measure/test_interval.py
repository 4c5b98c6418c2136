import numpy as np
import pytest

from harmonic.measure import interval
from harmonic.measure.interval import paired_difference


def scores(values: np.ndarray) -> dict[str, float]:
    return {f"picture {i}": float(value) for i, value in enumerate(values)}


def test_the_interval_holds_the_true_difference_in_about_95_of_100_cases(monkeypatch):
    monkeypatch.setattr(interval, "RESAMPLES", 1000)
    rng, true, held = np.random.default_rng(0), 0.1, 0
    for _ in range(300):
        difficulty = rng.normal(30, 4, 40)
        gap = paired_difference(scores(difficulty + true + rng.gamma(2, 0.1, 40) - 0.2), scores(difficulty))
        held += gap.low <= true <= gap.high
    assert 0.90 < held / 300 < 0.98


def test_pictures_are_compared_with_themselves():
    """How hard a picture is cancels out; without pairing it would make the interval a hundred times as wide."""
    rng = np.random.default_rng(1)
    ours, theirs = rng.normal(0.2, 0.05, 60), rng.normal(0, 0.05, 60)
    plain = paired_difference(scores(ours), scores(theirs))
    hard = rng.normal(30, 8, 60)
    paired = paired_difference(scores(ours + hard), scores(theirs + hard))
    assert (paired.low, paired.high) == pytest.approx((plain.low, plain.high))
    assert 0.1 < paired.low < paired.mean < paired.high < 0.3
    turned = dict(reversed(scores(theirs + hard).items()))
    assert paired_difference(scores(ours + hard), turned) == paired


def test_mean_median_and_wins_are_those_of_the_pictures():
    gap = paired_difference({"a": 31.0, "b": 30.0, "c": 29.0}, {"a": 30.0, "b": 30.0, "c": 29.5})
    assert (gap.mean, gap.median, gap.wins, gap.pictures) == (pytest.approx(1 / 6), 0, 1, 3)


@pytest.mark.parametrize("theirs", [{"a": 1.0, "c": 1.0}, {"a": 1.0}])
def test_other_pictures_are_refused(theirs):
    with pytest.raises(ValueError, match="only the same pictures"):
        paired_difference({"a": 1.0, "b": 1.0}, theirs)
