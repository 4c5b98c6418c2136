"""The queue's bounds: so many jobs and so many pixels wait or run at once; what is beyond is refused at once."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harmonic.serve.refusal import Refusal

_LONGEST_WAIT = 60  # seconds that a client is told to wait, at most


class Queue:
    """Counts, no more: the event loop alone touches it. seconds_of: the time that so many pixels will take."""

    def __init__(self, most_jobs: int, most_pixels: int, seconds_of: Callable[[int], float]):
        self.most_jobs, self.most_pixels = most_jobs, most_pixels
        self._seconds_of = seconds_of
        self.jobs = self.pixels = 0

    def refuse_if_full(self) -> None:
        """Raises Refusal 429."""
        if self.jobs >= self.most_jobs:
            raise self._busy()

    @contextmanager
    def place(self, pixels: int) -> Iterator[None]:
        """A place for a picture of so many pixels while the block runs. Raises Refusal 429."""
        self.refuse_if_full()
        if self.jobs and self.pixels + pixels > self.most_pixels:
            raise self._busy()
        self.jobs, self.pixels = self.jobs + 1, self.pixels + pixels
        try:
            yield
        finally:
            self.jobs, self.pixels = self.jobs - 1, self.pixels - pixels

    def _busy(self) -> Refusal:
        wait = math.ceil(self._seconds_of(self.pixels) / max(self.jobs, 1))
        return Refusal(429, "busy", "the queue is full; try again soon", min(max(wait, 1), _LONGEST_WAIT))
