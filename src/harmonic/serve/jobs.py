"""Work in the background: begun by one request, watched and fetched by others, forgotten after a time."""

import asyncio
import logging
import secrets
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any

from fastapi.concurrency import run_in_threadpool

from harmonic.serve.compute import Work
from harmonic.serve.refusal import Refusal, cancelled, refusal_of
from harmonic.serve.restoring import Result, Task
from harmonic.serve.service import Service

logger = logging.getLogger(__name__)
_MOST_STORED = 1 << 30  # bytes of results


class Job:
    """result: without its data, which lie in `file`, of so many bytes, until the job is forgotten. fetched: by now."""

    def __init__(self, work: Work):
        self.id, self.work = secrets.token_urlsafe(16), work
        self.file: Path | None = None
        self.bytes, self.fetched = 0, False
        self.result: Result | None = None
        self.error: Refusal | None = None
        self.ended: float | None = None

    @property
    def state(self) -> str:
        if self.error:
            return "cancelled" if self.error.code == "cancelled" else "failed"
        return "done" if self.ended else "running" if self.work.started else "queued"

    def told(self) -> dict[str, Any]:
        """What clients hear. seconds: of computing, until now. eta: seconds, None when nobody knows."""
        work, now = self.work, monotonic()
        seconds = (work.ended or now) - work.started if work.started else 0.0
        running = self.state == "running" and work.done
        eta = seconds * (work.total - work.done) / work.done if running else None
        error = {"code": self.error.code, "message": self.error.message} if self.error else None
        return {
            "id": self.id,
            "state": self.state,
            "done": work.done,
            "total": work.total,
            "seconds": round(seconds, 2),
            "eta": None if eta is None else round(eta, 2),
            "error": error,
        }


class Jobs:
    def __init__(self, service: Service):
        self._service = service
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, held: AsyncExitStack, work: Work, task: Task) -> Job:
        """held: the place in the queue, left when the work has ended."""
        job = Job(work)
        self._jobs[job.id] = job
        running = asyncio.create_task(self._run(job, held, task))
        self._tasks.add(running)  # the loop itself holds tasks weakly
        running.add_done_callback(self._tasks.discard)
        return job

    def get(self, id: str) -> Job:
        """Raises Refusal 404."""
        if job := self._jobs.get(id):
            return job
        raise Refusal(404, "not_found", "this job is not known here, or not any more; start it again")

    def remove(self, job: Job) -> None:
        """Stop it, or forget it where it has ended."""
        if job.ended is None:
            job.work.stop(cancelled())
        else:
            self._forget(job)

    def sweep(self) -> None:
        """Forget what ended long ago, and the oldest where there are too many or too large ones."""
        kept = self._service.settings
        ended = sorted((job for job in self._jobs.values() if job.ended is not None), key=lambda job: job.ended or 0)
        stored = sum(job.bytes for job in ended)
        for place, job in enumerate(ended):
            old = monotonic() - (job.ended or 0) > kept.keep_seconds
            if old or len(ended) - place > kept.kept_results or stored > _MOST_STORED:
                stored -= job.bytes
                self._forget(job)

    async def all_fetched(self, seconds: float) -> None:
        """Wait until every result was asked for, but no longer than this."""
        end = monotonic() + seconds
        while any(job.file and not job.fetched for job in self._jobs.values()) and monotonic() < end:
            await asyncio.sleep(0.05)

    async def _run(self, job: Job, held: AsyncExitStack, task: Task) -> None:
        async with held:
            try:
                result: Result = await self._service.run(job.work, task)
                job.file = await run_in_threadpool(self._service.spool.keep, result.data, result.form.suffixes[0])
                job.bytes, job.result = len(result.data), Result(b"", result.form, result.notes)
            except Exception as error:
                job.error = refusal_of(error)
                if job.error is None:
                    job.error = Refusal(500, "internal", "something went wrong here; tell the operator")
                if job.error.status >= 500 and error is not job.error:
                    logger.exception("job %s failed", job.id)
            finally:
                job.ended = monotonic()
        self.sweep()

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        if job.file:
            job.file.unlink(missing_ok=True)
            job.file = None
