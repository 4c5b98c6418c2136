"""Many files on many machines: Ray (extra `ray`) runs the workers, our own ledger decides what is done.

A worker that dies may have written its file or not, so a file may be restored twice. That does no harm: a result is the
same bytes under the same name, written whole or not at all, and only the driver writes the ledger. A worker has one
file at a time, so that its death is put down to that file alone.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from harmonic.errors import HarmonicError, PictureError, ResourceError, UsageError, reason, shown
from harmonic.images.write import refuse_existing
from harmonic.restore.batch import Failed, Outcome, Pair, Skipped, Stages, record, result_key_of
from harmonic.restore.file import Settings
from harmonic.restore.ledger import Ledger
from harmonic.restore.restorer import Restorer

STRIKES = 2
"""Workers that may die over a file before it is given up; also while starting, before the run is."""


@dataclass(frozen=True)
class Crew:
    """How many workers, and where. workers: None = one per GPU, else one per two processors. address: of a Ray cluster
    that is there (`auto`, `host:port`); None = one of our own on this machine, for the time of the run.

    All machines must see the folders of sources, results and weights under the same names.
    """

    workers: int | None = None
    address: str | None = None

    def restore_files(
        self,
        restorer: Restorer,
        pairs: Sequence[Pair],
        settings: Settings,
        *,
        ledger: Ledger | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Outcome]:
        """Restore each source to its target and yield what came of it, as it comes: not in order.

        restorer: the workers make theirs as this one was made. progress: called with (files done, all files).
        Raises UsageError without Ray, ResourceError and UsageError that would meet every file; a file over which two
        workers died is a `Failed`, as is one with any error of its own.
        """
        with _cluster(self.address) as ray:
            run = _Run(ray, restorer, settings, ledger, self.workers or _suitable(ray))
            for done, outcome in enumerate(run.outcomes(pairs), 1):
                if progress:
                    progress(done, len(pairs))
                yield outcome


class _Worker:
    """A Ray actor: it lives in a process of its own."""

    def __init__(self, make: Callable[[], Restorer], folder: str):
        self._make, self._folder = make, folder

    def start(self) -> HarmonicError | None:
        """Load the weights. Relative names mean here what they mean to the driver."""
        try:
            os.chdir(self._folder)
            self._restorer = self._make()
        except OSError as error:
            return ResourceError(f"{self._folder}: no worker sees it ({reason(error)}); share it between the machines")
        except HarmonicError as error:
            return error
        return None

    def restore(self, pair: Pair, settings: Settings) -> Outcome | HarmonicError:
        """Whatever Python can catch is a result, so that errors of Ray's mean that a worker died."""
        stages = Stages(self._restorer, settings, None)
        try:
            return stages.written(stages.restored(stages.opened(*pair), lambda *_: None))
        except HarmonicError as error:
            return error
        except Exception as error:
            return Failed(*pair, "restore", f"{shown(pair[0])}: {type(error).__name__} ({error}); please report it")


@dataclass
class _Job:
    """A file to be restored. key: of its result. strikes: workers that died over it."""

    pair: Pair
    settings: Settings
    key: str | None = None
    strikes: int = 0


class _Run:
    """The driver's side of a run."""

    def __init__(self, ray: Any, restorer: Restorer, settings: Settings, ledger: Ledger | None, workers: int):
        self._ray, self._restorer, self._settings, self._ledger = ray, restorer, settings, ledger
        self._wanted, self._false_starts = workers, 0
        shares = _shares(ray, workers)
        self._hire = lambda: ray.remote(**shares)(_Worker).remote(restorer.again, str(Path.cwd()))
        self._waiting: deque[_Job] = deque()
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, _Job | None]] = {}  # by Ray's reference; no job: the worker is starting

    def outcomes(self, pairs: Sequence[Pair]) -> Iterator[Outcome]:
        try:
            for pair in pairs:
                job = self._prepared(pair)
                if not isinstance(job, _Job):
                    yield job
                    continue
                self._waiting.append(job)
                if len(self._idle) + len(self._busy) < self._wanted:
                    self._start()
                self._assign()
                while len(self._waiting) >= self._wanted:  # so many are looked up while the workers work
                    yield from self._collect()
            while self._busy:
                yield from self._collect()
        finally:
            for worker in (*self._idle, *(worker for worker, _ in self._busy.values())):
                self._ray.kill(worker)

    def _prepared(self, pair: Pair) -> _Job | Outcome:
        job = _Job(pair, self._settings)
        if self._ledger:
            job.key = result_key_of(self._restorer, pair[0], self._settings)
            if job.key and self._ledger.holds(pair[1], job.key):
                return Skipped(*pair)
            if self._ledger.was_begun(pair[1]):
                job.settings = replace(self._settings, overwrite=True)
        try:
            refuse_existing(pair[1], job.settings.overwrite)
        except PictureError as error:
            return self._recorded(job, Failed(*pair, "read", str(error)))
        if self._ledger:
            self._ledger.begin(*pair)
        return job

    def _start(self) -> None:
        worker = self._hire()
        self._busy[worker.start.remote()] = worker, None

    def _assign(self) -> None:
        while self._idle and self._waiting:
            worker, job = self._idle.pop(), self._waiting.popleft()
            self._busy[worker.restore.remote(job.pair, job.settings)] = worker, job

    def _collect(self) -> Iterator[Outcome]:
        """What the next worker that is done, or dead, leaves."""
        (reference,), _ = self._ray.wait(list(self._busy), num_returns=1)
        worker, job = self._busy.pop(reference)
        try:
            answer = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self._ray.exceptions.RayError as error:
            self._ray.kill(worker)  # it may live, and only be out of sight
            self._start()
            if job is None:
                self._strike(error)
            elif failed := self._struck(job):
                yield self._recorded(job, failed)
            return
        self._idle.append(worker)
        if isinstance(answer, HarmonicError):
            raise answer
        self._false_starts = 0
        self._assign()
        if job is not None:
            yield self._recorded(job, answer)

    def _strike(self, error: Exception) -> None:
        self._false_starts += 1
        if self._false_starts > STRIKES * self._wanted:
            line = " ".join(str(error).split())
            raise ResourceError(f"--engine ray: workers die while they start ({line}); use fewer of them") from error

    def _struck(self, job: _Job) -> Failed | None:
        job.strikes += 1
        if job.strikes < STRIKES:
            job.settings = replace(job.settings, overwrite=True)  # a file of that name is our own by now
            self._waiting.appendleft(job)
            return None
        why = f"{shown(job.pair[0])}: {STRIKES} workers died over it; see whether it is restored alone"
        return Failed(*job.pair, "restore", why)

    def _recorded(self, job: _Job, outcome: Outcome) -> Outcome:
        if self._ledger:
            try:
                record(self._ledger, outcome, job.key)
            except OSError as error:
                text = f"{shown(job.pair[1])}: was written where it is not seen from here ({reason(error)})"
                raise ResourceError(f"{text}; name a folder that all machines share") from error
            if job.strikes == STRIKES:  # its file may be there nevertheless, and is ours to replace
                self._ledger.begin(*job.pair)
        return outcome


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """The module `ray`, connected. Raises UsageError when it is missing, ResourceError when no cluster answers."""
    try:
        ray: Any = import_module("ray")
    except ImportError:
        raise UsageError("--engine ray: needs the extra `ray`; run pip install 'harmonic-ir[ray]'") from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    ours = {"include_dashboard": False, "dashboard_host": "127.0.0.1"} if address is None else {}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        # "local": without an address Ray joins whatever cluster it finds.
        ray.init(address or "local", log_to_driver=False, logging_level="error", ignore_reinit_error=True, **ours)
    except (ConnectionError, RuntimeError, ValueError) as error:
        line = " ".join(str(error).split())
        raise ResourceError(f"--address {address or 'local'}: no Ray cluster answers ({line}); start one") from error
    try:
        with suppress(ValueError):  # not in the main thread, where Ray did not touch it either
            signal.signal(signal.SIGTERM, handler)
        yield ray
    finally:
        ray.shutdown()


def _suitable(ray: Any) -> int:
    there = ray.cluster_resources()
    return max(1, int(there.get("GPU", 0)) or int(there.get("CPU", 2)) // 2)


def _shares(ray: Any, workers: int) -> dict[str, float]:
    """What of the cluster a worker asks for: its even share, at most. Ray gives it as many threads."""
    there = ray.cluster_resources()
    processors, gpus = there.get("CPU", 1) / workers, there.get("GPU", 0) / workers
    share = {"num_cpus": processors if processors < 1 else float(int(processors)), "max_restarts": 0}
    return {**share, "num_gpus": gpus if gpus < 1 else 1.0}
