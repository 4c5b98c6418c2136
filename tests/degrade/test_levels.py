import pytest

from harmonic.degrade.kinds import Blur, Jpeg, Noise
from harmonic.degrade.levels import level_steps, triples

ALMOST_ONE = 1 - 2**-53


def test_the_severities_hold_as_many_triples_as_published():
    assert [len(triples(s)) for s in ("mild", "moderate", "severe")] == [163, 434, 163]


@pytest.mark.parametrize("severity, least, most", [("mild", 11, 13), ("moderate", 14, 19), ("severe", 20, 22)])
def test_level_sums_bound_each_severity(severity, least, most):
    sums = [sum(triple) for triple in triples(severity)]
    assert (min(sums), max(sums)) == (least, most)
    assert list(triples(severity)) == sorted(triples(severity))


def test_the_lowest_draw_takes_the_first_triple_and_the_lower_ends():
    triple, steps = level_steps("mild", [0, 0, 0, 0])
    assert triple == (1, 1, 9)
    assert steps == (Blur(sigma=0), Noise(sigma=0, clip=True), Jpeg(quality=20))


def test_the_highest_draw_takes_the_last_triple_and_the_upper_ends():
    triple, steps = level_steps("severe", [ALMOST_ONE] * 4)
    assert triple == (10, 10, 2)
    blur, noise, jpeg = steps
    assert isinstance(blur, Blur) and isinstance(noise, Noise)
    assert blur.sigma == pytest.approx(5)
    assert noise.sigma == pytest.approx(50)
    assert jpeg == Jpeg(quality=60)
