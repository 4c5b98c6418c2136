"""All that the service consists of, and what happens between the event loop and the thread that computes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import torch
from fastapi import Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from harmonic.restore.restorer import Restorer
from harmonic.serve.compute import Compute, Progress, Work
from harmonic.serve.decoder import Decoder
from harmonic.serve.metrics import Metrics, resident_bytes
from harmonic.serve.models import Models
from harmonic.serve.queue import Queue
from harmonic.serve.refusal import Refusal, cancelled, draining, too_late
from harmonic.serve.restoring import Admitted
from harmonic.serve.settings import Settings
from harmonic.serve.spool import Spool

_GLANCE = 0.5  # seconds between two looks whether a client is still there


class Service:
    """Made once per process. Its methods belong to the event loop."""

    def __init__(self, settings: Settings):
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.settings, self.metrics = settings, Metrics()
        self.models = Models(settings)  # first, since it may fail
        self.compute = Compute()
        self.queue = Queue(settings.queue, settings.queue_pixels)
        self.spool = Spool()
        # Two, so that a header need not wait for the pixels of another picture.
        self.looker = Decoder(settings.max_pixels, settings.decode_seconds)
        self.decoder = Decoder(settings.max_pixels, settings.decode_seconds)
        self._looking = asyncio.Lock()  # those that wait for a look must not hold threads, which other routes need
        self.draining = False
        self._works: set[Work] = set()
        self._digest: str | None = None

    @asynccontextmanager
    async def admitted(
        self, upload: UploadFile, restorer: Restorer, most_computed: int | None = None
    ) -> AsyncIterator[Admitted]:
        """An upload with a place in the queue while the block runs; its file is removed afterwards.

        most_computed: pixels of it that the network will see, at most; None = all. Raises Refusal: of an unknown type,
        too many pixels, damage in the header, a full queue; OSError for a full disk.
        """
        if self.draining:  # since the upload began; what has a place by then is done
            raise draining()
        self.spool.refuse_if_full()
        with self.queue.place() as fill:
            path, form = await run_in_threadpool(self.spool.take, upload.file)
            try:
                async with self._looking:
                    look = await run_in_threadpool(self.looker.look, path, form.name)
                if look.pixels > (most := self.models.most_pixels(restorer)):
                    size = f"{look.pixels / 1e6:,.1f} megapixels"
                    text = f"picture: {size}, over the limit of {most / 1e6:,.1f} for this model; shrink it first"
                    raise Refusal(422, "image_too_large", text)
                computed = look.pixels if most_computed is None else min(look.pixels, most_computed)
                fill(look.pixels, self.compute.seconds_of(restorer, computed))
                yield Admitted(path, look, restorer)
            finally:
                path.unlink(missing_ok=True)

    async def kept(
        self, data: bytes, media_type: str, suffix: str, headers: dict[str, str] | None = None
    ) -> FileResponse:
        """An answer that lies in the spool until it is taken. Raises OSError for a full disk."""
        path = await run_in_threadpool(self.spool.keep, data, suffix)
        return self.spool.answer(path, media_type, headers)

    async def run(self, work: Work, task: Callable[[Progress], Any], request: Request | None = None) -> Any:
        """What `task` gives; ended when it is late, or when the client of `request` has left. Raises Refusal."""
        self._works.add(work)
        self.compute.submit(work, task)
        waiting = asyncio.wrap_future(work.future)
        try:
            while not (await asyncio.wait([waiting], timeout=_GLANCE))[0]:
                if work.late:
                    work.stop(too_late(work.seconds))
                if request is not None and await request.is_disconnected():
                    work.stop(cancelled())
            return waiting.result()
        finally:
            work.stop(cancelled())  # for a task that is cancelled itself
            self._works.discard(work)

    async def ready(self) -> bool:
        """Whether work is taken, and a small picture still gives what it gave at the start."""
        if self.draining or self._digest is None:
            return False
        return bool(self._works) or await self._self_test() == self._digest

    async def warm_up(self) -> None:
        """Start the decoders, and see what a small picture gives."""
        for decoder in (self.looker, self.decoder):
            decoder.apart.start()
        self._digest = await self._self_test()

    async def drain(self) -> None:
        """No new work from now on; what there is may end within `drain_seconds`, and is ended then."""
        self.draining = True
        loop = asyncio.get_running_loop()
        end = loop.time() + self.settings.drain_seconds
        while self.queue.jobs and loop.time() < end:
            await asyncio.sleep(0.05)
        for work in list(self._works):
            work.stop(draining())

    def close(self) -> None:
        for work in list(self._works):
            work.stop(draining())
        self.compute.close()
        self.looker.apart.close()
        self.decoder.apart.close()
        self.spool.close()

    def metrics_text(self) -> str:
        pace = self.compute.seconds_of(self.models.get(None), 1_000_000)
        restarts = self.looker.apart.restarts + self.decoder.apart.restarts
        return self.metrics.text({
            "harmonic_queue_jobs": ("Jobs that wait or run.", self.queue.jobs),
            "harmonic_queue_pixels": ("Input pixels that wait or run.", self.queue.pixels),
            "harmonic_decoder_restarts": ("Decoding processes ended.", restarts),
            "harmonic_seconds_per_megapixel": ("Of the default model, as measured of late.", pace),
            "process_resident_memory_bytes": ("Of the service, decoders not counted.", resident_bytes()),
        })  # fmt: skip

    async def _self_test(self) -> str:
        picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)

        def task(_: Progress) -> str:
            return hashlib.sha256(self.models.get(None).restore(picture).tobytes()).hexdigest()

        return await self.run(Work(0, self.settings.timeout), task)
