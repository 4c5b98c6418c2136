"""The process: uvicorn with our protocol, and an end that loses nothing. SIGTERM: refuse, finish, answer, exit 0."""

import asyncio
from types import FrameType

import uvicorn

from harmonic.serve.app import create_app
from harmonic.serve.gate import gated
from harmonic.serve.jobs import Jobs
from harmonic.serve.service import Service
from harmonic.serve.settings import Settings

_LAST_FETCHES = 5  # seconds for clients to fetch results of jobs when all work has ended
_LAST_ANSWERS = 5  # seconds for answers that are on their way after that


class Server(uvicorn.Server):
    """The first signal drains, and the listening socket stays open meanwhile, so that new clients get an answer; a
    second one ends at once. Signals are not raised again afterwards, since the end is then a good one (exit code 0).
    """

    def __init__(self, config: uvicorn.Config, service: Service, jobs: Jobs):
        super().__init__(config)
        self._service, self._jobs = service, jobs
        self._draining: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._service.draining:
            self.should_exit = self.force_exit = True
            return
        self._service.draining = True  # at once; the rest is the loop's
        asyncio.get_event_loop().call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        async def drain() -> None:
            await self._service.drain()
            await self._jobs.all_fetched(_LAST_FETCHES)
            self.should_exit = True

        self._draining = asyncio.create_task(drain())


def build(settings: Settings) -> Server:
    """A server that is ready to run; all models are loaded. Raises WeightsError, UsageError."""
    app = create_app(settings)
    service: Service = app.state.service
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=gated(settings, lambda refusal: service.metrics.add("harmonic_refusals_total", code=refusal.code)),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="info",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    return Server(config, service, app.state.jobs)


def serve(settings: Settings) -> None:
    """Serve until a signal comes. Raises WeightsError, UsageError; SystemExit when the port is taken."""
    build(settings).run()
