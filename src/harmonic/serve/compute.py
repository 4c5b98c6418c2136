"""The one thread that computes. Small pictures overtake large ones: they are done between two tiles of a large one.

One thread, since torch spreads a tile over all cores by itself; a second one would only take memory and cache.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

from harmonic.serve.refusal import Refusal, too_late

QUICK = 2_000_000  # pixels; what has no more is small
_FIRST_GUESS = 2e-6  # seconds per pixel, until the first picture tells
_MEMORY = 0.7  # what older pictures count for, with each new one

Progress = Callable[[int, int], None]


class Work:
    """One picture's computing, as the event loop and the thread share it. done, total: input pixels. network: what
    restores all these pixels, so that its pace can be learnt; None where less is done.

    Whoever wants it ended calls `stop`: what waits ends at once, what runs at its next tile.
    """

    def __init__(self, pixels: int, seconds: float, network: Hashable | None = None):
        self.pixels, self.seconds, self.network = pixels, seconds, network
        self.done, self.total = 0, pixels
        self.made = time.monotonic()
        self.started: float | None = None
        self.ended: float | None = None
        self.future: Future[Any] = Future()
        self._reason: Refusal | None = None
        self._lock = threading.Lock()

    @property
    def late(self) -> bool:
        return time.monotonic() > self.made + self.seconds

    def stop(self, reason: Refusal) -> None:
        with self._lock:
            self._reason = self._reason or reason
            if self.started is None and not self.future.done():
                self._end(reason)

    def begin(self) -> bool:
        """False when it was stopped while it waited. The thread calls this, `advance` and `run`."""
        with self._lock:
            if not self.future.done() and self.late:
                self._end(too_late(self.seconds))
            if self.future.done():
                return False
            self.started = time.monotonic()
            return True

    def advance(self, done: int, total: int) -> None:
        """Raises Refusal when the work is not wanted any more."""
        self.done, self.total = done, total
        if self._reason:
            raise self._reason
        if self.late:
            raise too_late(self.seconds)

    def run(self, function: Callable[[Progress], Any], progress: Progress) -> None:
        try:
            result = function(progress)
            self.advance(self.total, self.total)
        except BaseException as error:
            self._end(error)
        else:
            self.ended = time.monotonic()
            self.future.set_result(result)

    def _end(self, error: BaseException) -> None:
        self.ended = time.monotonic()
        self.future.set_exception(error)


class Compute:
    """One thread with two queues, small pictures first; it also learns each network's seconds per pixel, without
    waiting time.
    """

    def __init__(self) -> None:
        # Seconds and pixels. Both fade alike, so that small pictures, which cost more per pixel, count for little.
        self._paces: dict[Hashable, tuple[float, float]] = {}
        self._quick: deque[tuple[Work, Callable[[Progress], Any]]] = deque()
        self._long: deque[tuple[Work, Callable[[Progress], Any]]] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="compute", daemon=True)
        self._thread.start()

    def submit(self, work: Work, function: Callable[[Progress], Any]) -> None:
        """function: given a progress to call after each tile; its result or error goes to `work.future`."""
        with self._wake:
            (self._quick if work.pixels <= QUICK else self._long).append((work, function))
            self._wake.notify()

    def seconds_of(self, network: Hashable, pixels: int) -> float:
        """That so many pixels will take this network."""
        seconds, seen = self._paces.get(network, (_FIRST_GUESS, 1))
        return pixels * seconds / seen

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _loop(self) -> None:
        while True:
            with self._wake:
                while not (self._quick or self._long or self._closed):
                    self._wake.wait()
                if self._closed:
                    return
                work, function = self._quick.popleft() if self._quick else self._long.popleft()
            self._run(work, function)

    def _run(self, work: Work, function: Callable[[Progress], Any]) -> float:
        """-> seconds taken."""
        if not work.begin():
            return 0.0
        started, given_away = time.monotonic(), 0.0

        def progress(done: int, total: int) -> None:
            nonlocal given_away
            work.advance(done, total)
            if work.pixels > QUICK:  # those that wait now, so that a stream of small ones cannot stop a large one
                given_away += sum(self._run(*self._quick.popleft()) for _ in range(len(self._quick)))

        work.run(function, progress)
        taken = time.monotonic() - started
        if work.network is not None and not work.future.exception():
            seconds, pixels = self._paces.get(work.network, (0.0, 0.0))
            self._paces[work.network] = _MEMORY * seconds + taken - given_away, _MEMORY * pixels + work.pixels
        return taken
