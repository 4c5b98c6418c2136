"""The learning rate over a run, by a table."""

import pytest

from harmonic.train.recipe import Schedule
from harmonic.train.schedule import rate


@pytest.mark.parametrize(
    "form, step, progress, expected",
    [
        ("constant", 0, 0.0, 0.01),
        ("constant", 49, 0.05, 0.5),
        ("constant", 99, 0.1, 1.0),
        ("constant", 500, 0.8, 1.0),
        ("constant", 900, 0.85, 0.5),  # 1 - sqrt(1/4)
        ("constant", 999, 1.0, 0.0),
        ("cosine", 49, 0.0, 0.5),
        ("cosine", 500, 0.25, 0.8535534),
        ("cosine", 500, 0.5, 0.5),
        ("cosine", 999, 1.0, 0.0),
    ],
)
def test_rates(form, step, progress, expected):
    schedule = Schedule(steps=1000, form=form, warmup=100, cooldown=0.2)
    assert rate(schedule, step, progress) == pytest.approx(expected, abs=1e-7)


def test_without_warm_up_and_cool_down_the_rate_is_full():
    schedule = Schedule(steps=10, warmup=0, cooldown=0)
    assert [rate(schedule, step, step / 10) for step in range(10)] == [1.0] * 10
