"""One thread: small pictures overtake, what is not wanted any more ends, an error harms nobody else."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from harmonic.serve.compute import QUICK, Compute, Progress, Work
from harmonic.serve.refusal import Refusal, cancelled


@pytest.fixture
def compute() -> Iterator[Compute]:
    compute = Compute()
    yield compute
    compute.close()


def tiled(tiles: int, seen: list[str], name: str) -> Callable[[Progress], str]:
    """Work of several tiles that writes down when each is done."""

    def run(progress: Progress) -> str:
        for tile in range(1, tiles + 1):
            seen.append(name)
            progress(tile, tiles)
        return name

    return run


def held(compute: Compute) -> threading.Event:
    """The thread is busy until the event is set."""
    event, begun = threading.Event(), threading.Event()

    def run(_: Progress) -> None:
        begun.set()
        event.wait(10)

    compute.submit(Work(1, 10), run)
    assert begun.wait(10)
    return event


def test_small_work_is_done_between_two_tiles_of_large_work(compute: Compute):
    go, seen = held(compute), list[str]()
    large, first, second = Work(QUICK + 1, 10), Work(1, 10), Work(1, 10)

    def run(progress: Progress) -> None:
        seen.append("large")
        compute.submit(first, tiled(1, seen, "small"))
        compute.submit(second, tiled(1, seen, "small"))
        progress(1, 2)
        seen.append("large")
        progress(2, 2)

    compute.submit(large, run)
    go.set()
    large.future.result(10)
    assert seen == ["large", "small", "small", "large"]


def test_large_work_does_not_overtake_large_work(compute: Compute):
    go, seen = held(compute), list[str]()
    works = [Work(QUICK + 1, 10) for _ in range(2)]
    for name, work in zip("ab", works, strict=True):
        compute.submit(work, tiled(2, seen, name))
    go.set()
    assert [work.future.result(10) for work in works] == ["a", "b"]
    assert seen == ["a", "a", "b", "b"]


def test_what_waits_and_is_stopped_never_begins(compute: Compute):
    go, seen = held(compute), list[str]()
    work = Work(1, 10)
    compute.submit(work, tiled(1, seen, "unwanted"))
    work.stop(cancelled())
    with pytest.raises(Refusal, match="cancelled"):
        work.future.result(0)  # at once, though the thread is busy
    go.set()
    after = Work(1, 10)
    compute.submit(after, tiled(1, seen, "after"))
    assert after.future.result(10) == "after" and seen == ["after"]


def test_what_runs_and_is_stopped_ends_at_its_next_tile(compute: Compute):
    work, seen = Work(1, 10), list[int]()

    def run(progress: Progress) -> None:
        for tile in range(10):
            seen.append(tile)
            if tile == 2:
                work.stop(cancelled())
            progress(tile, 10)

    compute.submit(work, run)
    with pytest.raises(Refusal, match="cancelled"):
        work.future.result(10)
    assert seen == [0, 1, 2]


def test_work_past_its_deadline_ends_and_what_waited_too_long_never_begins(compute: Compute):
    running, waiting, seen = Work(1, 0.0), Work(1, 0.0), list[str]()
    compute.submit(running, tiled(3, seen, "running"))
    compute.submit(waiting, tiled(3, seen, "waiting"))
    for work in (running, waiting):
        with pytest.raises(Refusal) as refused:
            work.future.result(10)
        assert refused.value.status == 504
    assert not seen


def test_each_network_has_its_own_pace_and_only_its_own_work_teaches_it(compute: Compute):
    guess = compute.seconds_of("slow", 1000)
    for network, seconds in (("slow", 0.1), ("quick", 0.0), (None, 0.3)):
        work = Work(1000, 10, network)
        compute.submit(work, lambda _, seconds=seconds: time.sleep(seconds))
        work.future.result(10)
    after = Work(1, 10)
    compute.submit(after, tiled(1, [], "after"))  # what was learnt is written once the result is out
    after.future.result(10)
    assert 0.1 <= compute.seconds_of("slow", 1000) < 0.3 and compute.seconds_of("quick", 1000) < 0.05
    assert compute.seconds_of("unseen", 1000) == guess


def test_a_small_picture_says_little_about_large_ones(compute: Compute):
    for pixels in (1_000_000, 100):
        work = Work(pixels, 10, "network")
        compute.submit(work, lambda _: time.sleep(0.05))
        work.future.result(10)
    after = Work(1, 10)
    compute.submit(after, tiled(1, [], "after"))
    after.future.result(10)
    assert compute.seconds_of("network", 1_000_000) < 0.2


def test_an_error_goes_to_its_own_work_alone(compute: Compute):
    bad, good = Work(1, 10), Work(1, 10)
    compute.submit(bad, lambda _: 1 / 0)
    compute.submit(good, tiled(1, [], "good"))
    with pytest.raises(ZeroDivisionError):
        bad.future.result(10)
    assert good.future.result(10) == "good"
