"""`create_app`: the ASGI application of one service, with all its parts put together."""

import asyncio
import difflib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from harmonic.errors import HarmonicError
from harmonic.serve import page
from harmonic.serve.answers import error_answer
from harmonic.serve.forms import PartsForm, RestoreForm
from harmonic.serve.guard import Guard
from harmonic.serve.headers import Headers
from harmonic.serve.jobs import Jobs
from harmonic.serve.refusal import Refusal, refusal_of
from harmonic.serve.routes import api
from harmonic.serve.service import Service
from harmonic.serve.settings import Settings
from harmonic.version import package_version

logger = logging.getLogger(__name__)
_SWEEP = 5.0  # seconds
_CODES = {404: "not_found", 405: "method_not_allowed"}


def create_app(settings: Settings) -> FastAPI:
    """Its service is at `app.state.service`, its jobs at `app.state.jobs`. Raises WeightsError, UsageError."""
    service = Service(settings)
    jobs = Jobs(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(jobs))
        try:
            await service.warm_up()
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            service.close()

    app = FastAPI(
        title="HARMONIC",
        description="Restores degraded photographs.",
        version=package_version(),
        lifespan=lifespan,
        docs_url=None,  # their scripts come from elsewhere, which the security headers forbid
        redoc_url=None,
    )
    app.state.service, app.state.jobs = service, jobs
    app.include_router(page.router)
    app.include_router(api(service, jobs))
    app.add_middleware(Guard, service=service)  # type: ignore[arg-type]
    app.add_middleware(Headers, metrics=service.metrics)  # type: ignore[arg-type]

    def refuse(request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None) -> JSONResponse:
        service.metrics.add("harmonic_refusals_total", code=refusal.code)
        return error_answer(refusal, request.state.request_id, headers)

    def refuse_for(request: Request, error: Exception, refusal: Refusal) -> JSONResponse:
        """A refusal that stands for an error of ours, of which the operator should know more than the client."""
        if refusal.status >= 500 and error is not refusal:
            logger.error("request %s", request.state.request_id, exc_info=error)
        return refuse(request, refusal)

    @app.exception_handler(Refusal)
    @app.exception_handler(HarmonicError)
    @app.exception_handler(MemoryError)
    @app.exception_handler(OSError)
    async def _(request: Request, error: Exception) -> JSONResponse:
        if refusal := refusal_of(error):
            return refuse_for(request, error, refusal)
        raise error

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> JSONResponse:
        return refuse(request, Refusal(400, "bad_parameter", _about(error)))

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:
        cause = error.__cause__  # raised while the body was read, and wrapped by the framework
        if isinstance(cause, Exception) and (refusal := refusal_of(cause)):
            return refuse_for(request, cause, refusal)
        code = _CODES.get(error.status_code, "bad_request")
        text = " ".join(str(error.detail).split())[:200]
        return refuse(request, Refusal(error.status_code, code, text), error.headers)

    return app


async def _sweep(jobs: Jobs) -> None:
    while True:
        await asyncio.sleep(_SWEEP)
        jobs.sweep()


def _about(error: RequestValidationError) -> str:
    """The first thing that is wrong, as a line; a misspelt field with the one that was meant."""
    first = error.errors()[0]
    field = str(first["loc"][-1])[:60]
    if field == "picture":
        return "picture: is not there as a file; send it as curl -F picture=@photo.jpg does"
    if first["type"] == "extra_forbidden":
        known = [*RestoreForm.model_fields, *PartsForm.model_fields]
        meant = difflib.get_close_matches(field, known, 1)
        return f"{field!r}: is no field of this request" + (f"; did you mean {meant[0]!r}?" if meant else "")
    return f"{field}: {' '.join(str(first['msg']).split())[:200]}"
