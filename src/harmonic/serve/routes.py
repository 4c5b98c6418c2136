"""The HTTP API: what is asked, one call, what is answered."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import PurePosixPath
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response, StreamingResponse

from harmonic.images.formats import Format
from harmonic.serve.answers import refusals
from harmonic.serve.compute import Work
from harmonic.serve.forms import PartsForm, RestoreForm, Upload
from harmonic.serve.jobs import Job, Jobs
from harmonic.serve.refusal import Refusal
from harmonic.serve.restoring import Result, decomposing, inspecting, restoring
from harmonic.serve.service import Service

_MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "TIFF": "image/tiff", "AVIF": "image/avif",
          "BMP": "image/bmp"}  # fmt: skip
_UPLOADS = refusals(400, 408, 413, 415, 422, 429, 503, 504)
_PICTURE = {200: {"description": "The picture file.", "content": {kind: {} for kind in _MEDIA.values()}}, **_UPLOADS}
_BEAT = 5.0  # seconds between two events of a job at most, so that nobody takes the line for dead
_LOOK = 0.1


def api(service: Service, jobs: Jobs) -> APIRouter:
    """All routes of one service."""
    router = APIRouter()

    @router.get("/v1/models", tags=["pictures"], responses=refusals())
    async def models() -> list[dict[str, Any]]:
        """The models that are served, the default first."""
        paces = [service.compute.seconds_of(service.models.get(name), 1_000_000) for name in service.models.names]
        told = zip(service.models.listed(), paces, strict=True)
        return [{**model, "seconds_per_megapixel": round(pace, 3)} for model, pace in told]

    @router.post("/v1/inspect", tags=["pictures"], responses=_UPLOADS)
    async def inspect(
        request: Request, form: Annotated[Upload, Form(media_type="multipart/form-data")]
    ) -> dict[str, Any]:
        """Size, depth and damage of a picture, and what would help it."""
        async with service.admitted(form.picture, service.models.get(None), 0) as picture:
            work = Work(picture.look.pixels, service.settings.timeout)
            return await service.run(
                work, inspecting(picture, service.models.names, service.decoder, service.metrics), request
            )

    @router.post("/v1/restore", tags=["pictures"], response_class=Response, responses=_PICTURE)
    async def restore(
        request: Request, form: Annotated[RestoreForm, Form(media_type="multipart/form-data")]
    ) -> Response:
        """A picture, restored, in the answer. Larger ones are better sent as a job."""
        restorer = service.models.get(form.model)
        async with service.admitted(form.picture, restorer, None if form.strength else 0) as picture:
            work = Work(picture.look.pixels, service.settings.timeout, restorer if form.strength else None)
            result: Result = await service.run(
                work, restoring(picture, form, service.decoder, service.metrics), request
            )
            headers = _told(result, work, form.picture.filename)
            return await service.kept(result.data, _MEDIA[result.form.name], result.form.suffixes[0], headers)

    @router.post("/v1/parts", tags=["pictures"], response_class=Response, responses={
        200: {"description": "See docs/serving.md.", "content": {"application/octet-stream": {}}}, **_UPLOADS,
    })  # fmt: skip
    async def parts(request: Request, form: Annotated[PartsForm, Form(media_type="multipart/form-data")]) -> Response:
        """The parts that a restored picture is the sum of, to be mixed elsewhere."""
        restorer = service.models.get(form.model)
        async with service.admitted(form.picture, restorer, form.preview // restorer.scale**2) as picture:
            work = Work(picture.look.pixels, service.settings.timeout)
            body = await service.run(work, decomposing(picture, form, service.decoder, service.metrics), request)
            return await service.kept(body, "application/octet-stream", ".parts")

    @router.post("/v1/jobs", tags=["jobs"], status_code=202, responses=_UPLOADS)
    async def start(form: Annotated[RestoreForm, Form(media_type="multipart/form-data")]) -> dict[str, Any]:
        """Restore in the background; `GET /v1/jobs/{id}/events` tells how it goes."""
        async with AsyncExitStack() as stack:
            restorer = service.models.get(form.model)
            picture = await stack.enter_async_context(
                service.admitted(form.picture, restorer, None if form.strength else 0)
            )
            predicted = round(service.queue.seconds, 2)
            work = Work(picture.look.pixels, service.settings.job_timeout, restorer if form.strength else None)
            task = restoring(picture, form, service.decoder, service.metrics)
            job = jobs.start(stack.pop_all(), work, task)
        return {"id": job.id, "pixels": picture.look.pixels, "predicted_seconds": predicted}

    @router.get("/v1/jobs/{id}", tags=["jobs"], responses=refusals(404))
    async def job(id: str) -> dict[str, Any]:
        return jobs.get(id).told()

    @router.get("/v1/jobs/{id}/events", tags=["jobs"], response_class=StreamingResponse, responses={
        200: {"description": "The state of the job on every change.", "content": {"text/event-stream": {}}},
        **refusals(404),
    })  # fmt: skip
    async def events(id: str) -> StreamingResponse:
        return StreamingResponse(_events(jobs.get(id)), media_type="text/event-stream")

    @router.get("/v1/jobs/{id}/result", tags=["jobs"], response_class=Response, responses={
        **_PICTURE, **refusals(404, 409),
    })  # fmt: skip
    async def result(id: str) -> Response:
        found = jobs.get(id)
        if found.file is None or found.result is None:
            text = found.error.message if found.error else "this job is not done; watch its events"
            raise Refusal(409, found.error.code if found.error else "not_done", text)
        found.fetched = True
        headers = _told(found.result, found.work, None)
        return FileResponse(found.file, media_type=_MEDIA[found.result.form.name], headers=headers)

    @router.delete("/v1/jobs/{id}", tags=["jobs"], status_code=204, responses=refusals(404))
    async def remove(id: str) -> None:
        """Stop a job, or forget one that has ended."""
        jobs.remove(jobs.get(id))

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", tags=["operation"])
    async def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", tags=["operation"], responses=refusals(503))
    async def ready() -> dict[str, str]:
        """Work is taken, and a small picture gives what it gave at the start."""
        if await service.ready():
            return {"status": "ready"}
        raise Refusal(503, "draining" if service.draining else "not_ready", "no work is taken now; try again soon", 5)

    @router.get("/metrics", tags=["operation"], response_class=PlainTextResponse, responses=refusals())
    async def metrics() -> PlainTextResponse:
        """For Prometheus."""
        return PlainTextResponse(service.metrics_text(), media_type="text/plain; version=0.0.4")

    return router


async def _events(job: Job) -> AsyncIterator[str]:
    told, last = "", 0.0
    while True:
        ended = job.ended is not None
        now = json.dumps(job.told() | ({} if ended else {"seconds": None}))
        if now != told or monotonic() - last > _BEAT:
            told, last = now, monotonic()
            yield f"data: {json.dumps(job.told())}\n\n"
        if ended:
            return
        await asyncio.sleep(_LOOK)


def _told(result: Result, work: Work, client_name: str | None) -> dict[str, str]:
    seconds = (work.ended or monotonic()) - (work.started or monotonic())
    return {
        "Content-Disposition": f'attachment; filename="{_file_name(client_name, result.form)}"',
        "X-Harmonic-Notes": json.dumps(result.notes),
        "X-Harmonic-Seconds": f"{seconds:.3f}",
    }


def _file_name(given: str | None, form: Format) -> str:
    """A client's name for its picture -> a harmless one for the result; it is used for nothing else."""
    stem = PurePosixPath((given or "").replace("\\", "/")).stem
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:80] or "picture"
    return f"{stem}-restored{form.suffixes[0]}"
