"""So many jobs, so many pixels, and not one more."""

import pytest

from harmonic.serve.queue import Queue
from harmonic.serve.refusal import Refusal


def test_more_jobs_than_places_are_refused_until_one_is_free():
    line = Queue(2, 100)
    with line.place(), line.place():
        with pytest.raises(Refusal) as refused, line.place():
            pass
        assert refused.value.status == 429
    with line.place():
        assert line.jobs == 1


def test_pixels_are_bounded_too_but_one_picture_always_has_a_place():
    line = Queue(2, 100)
    with line.place() as fill:
        fill(90, 1)
        with line.place() as more:
            with pytest.raises(Refusal):
                more(11, 1)
            more(10, 1)
    with line.place(), line.place() as fill:  # the other's size is not known yet
        fill(500, 1)
    assert (line.jobs, line.pixels, line.seconds) == (0, 0, 0)


def test_a_place_is_free_again_after_an_error():
    line = Queue(2, 100)
    with pytest.raises(ValueError), line.place() as fill:
        fill(5, 1)
        raise ValueError
    assert (line.jobs, line.pixels, line.seconds) == (0, 0, 0)


@pytest.mark.parametrize("seconds, told", [(0, 1), (4.5, 5), (500, 60)])
def test_the_wait_that_is_told_is_that_for_one_picture_within_reason(seconds: float, told: int):
    line = Queue(2, 100)
    with line.place() as one, line.place() as other, pytest.raises(Refusal) as refused:
        one(50, seconds)
        other(50, seconds)
        line.refuse_if_full()
    assert refused.value.retry_after == told
