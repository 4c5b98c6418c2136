"""The queue's bounds: so many jobs and so many pixels wait or run at once; what is beyond is refused at once."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harmonic.serve.refusal import Refusal

_LONGEST_WAIT = 60  # seconds that a client is told to wait, at most

Fill = Callable[[int, float], None]


class Queue:
    """Counts, no more: the event loop alone touches it. seconds: what all in it will take, as far as anybody knows."""

    def __init__(self, most_jobs: int, most_pixels: int):
        self.most_jobs, self.most_pixels = most_jobs, most_pixels
        self.jobs = self.pixels = 0
        self.seconds = 0.0

    def refuse_if_full(self) -> None:
        """Raises Refusal 429."""
        if self.jobs >= self.most_jobs:
            raise self._busy()

    @contextmanager
    def place(self) -> Iterator[Fill]:
        """A place for a picture while the block runs, taken before anything is done for it. Raises Refusal 429.

        -> a function of its pixels and seconds, to be called once they are known. It raises Refusal 429 too, but never
        for a picture that is alone.
        """
        self.refuse_if_full()
        pixels, seconds = 0, 0.0

        def fill(more: int, longer: float) -> None:
            nonlocal pixels, seconds
            if self.pixels and self.pixels + more > self.most_pixels:
                raise self._busy()
            pixels, seconds = more, longer
            self.pixels, self.seconds = self.pixels + more, self.seconds + longer

        self.jobs += 1
        try:
            yield fill
        finally:
            self.jobs, self.pixels, self.seconds = self.jobs - 1, self.pixels - pixels, self.seconds - seconds

    def _busy(self) -> Refusal:
        wait = math.ceil(self.seconds / max(self.jobs, 1))
        return Refusal(429, "busy", "the queue is full; try again soon", min(max(wait, 1), _LONGEST_WAIT))
