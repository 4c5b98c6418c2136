"""So many jobs, so many pixels, and not one more."""

import pytest

from harmonic.serve.queue import Queue
from harmonic.serve.refusal import Refusal


def queue(jobs: int = 2, pixels: int = 100, seconds_per_pixel: float = 0.1) -> Queue:
    return Queue(jobs, pixels, lambda pixels: pixels * seconds_per_pixel)


def test_more_jobs_than_places_are_refused_until_one_is_free():
    line = queue()
    with line.place(1), line.place(1):
        with pytest.raises(Refusal) as refused, line.place(1):
            pass
        assert refused.value.status == 429
    with line.place(1):
        assert line.jobs == 1


def test_pixels_are_bounded_too_but_one_picture_always_has_a_place():
    line = queue()
    with line.place(90):
        with pytest.raises(Refusal), line.place(11):
            pass
        with line.place(10):
            pass
    with line.place(500):
        pass
    assert (line.jobs, line.pixels) == (0, 0)


def test_a_place_is_free_again_after_an_error():
    line = queue()
    with pytest.raises(ValueError), line.place(5):
        raise ValueError
    assert (line.jobs, line.pixels) == (0, 0)


@pytest.mark.parametrize("seconds_per_pixel, told", [(1e-6, 1), (0.1, 5), (100, 60)])
def test_the_wait_that_is_told_is_that_for_one_picture_within_reason(seconds_per_pixel: float, told: int):
    line = queue(seconds_per_pixel=seconds_per_pixel)
    with line.place(50), line.place(50), pytest.raises(Refusal) as refused:
        line.refuse_if_full()
    assert refused.value.retry_after == told
