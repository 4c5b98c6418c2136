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
        self.models = Models(settings)
        self.compute = Compute()
        self.queue = Queue(settings.queue, settings.queue_pixels, self.compute.seconds_of)
        self.spool = Spool()
        # Two, so that a header need not wait for the pixels of another picture.
        self.looker = Decoder(settings.max_pixels, settings.decode_seconds)
        self.decoder = Decoder(settings.max_pixels, settings.decode_seconds)
        self.draining = False
        self._works: set[Work] = set()
        self._digest: str | None = None

    @asynccontextmanager
    async def admitted(self, upload: UploadFile, model: str | None = None) -> AsyncIterator[Admitted]:
        """An upload with a place in the queue while the block runs; its file is removed afterwards.

        Raises Refusal: of an unknown type or model, too many pixels, damage in the header, a full queue.
        """
        restorer = await run_in_threadpool(self.models.get, model)
        path, form = await run_in_threadpool(self.spool.take, upload.file)
        try:
            look = await run_in_threadpool(self.looker.look, path, form.name)
            if look.pixels > (most := self.models.most_pixels(restorer)):
                size = f"{look.pixels / 1e6:,.1f} megapixels"
                text = f"picture: {size}, over the limit of {most / 1e6:,.1f} for this model; shrink it first"
                raise Refusal(422, "image_too_large", text)
            if self.draining:
                raise draining()
            with self.queue.place(look.pixels):
                yield Admitted(path, look, restorer)
        finally:
            path.unlink(missing_ok=True)

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
        """Raises WeightsError when the default model cannot be loaded."""
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
        restarts = self.looker.apart.restarts + self.decoder.apart.restarts
        return self.metrics.text({
            "harmonic_queue_jobs": ("Jobs that wait or run.", self.queue.jobs),
            "harmonic_queue_pixels": ("Input pixels that wait or run.", self.queue.pixels),
            "harmonic_decoder_restarts": ("Decoding processes ended.", restarts),
            "harmonic_seconds_per_megapixel": ("As measured of late.", 1e6 * self.compute.seconds_per_pixel),
            "process_resident_memory_bytes": ("Of the service, decoders not counted.", resident_bytes()),
        })  # fmt: skip

    async def _self_test(self) -> str:
        picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)

        def task(_: Progress) -> str:
            return hashlib.sha256(self.models.get(None).restore(picture).tobytes()).hexdigest()

        return await self.run(Work(0, self.settings.timeout), task)
