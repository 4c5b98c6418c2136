"""The process: uvicorn with our protocol, and an end that loses nothing. SIGTERM: refuse, finish, answer, exit 0."""

import asyncio
from types import FrameType

import uvicorn

from harmonic.serve.app import create_app
from harmonic.serve.gate import gated
from harmonic.serve.service import Service
from harmonic.serve.settings import Settings

_LAST_ANSWERS = 5  # seconds for answers that are on their way when all work has ended


class Server(uvicorn.Server):
    """The first signal drains, and the listening socket stays open meanwhile, so that new clients get an answer; a
    second one ends at once. Signals are not raised again afterwards, since the end is then a good one (exit code 0).
    """

    def __init__(self, config: uvicorn.Config, service: Service):
        super().__init__(config)
        self._service = service
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
            self.should_exit = True

        self._draining = asyncio.create_task(drain())


def build(settings: Settings) -> Server:
    """A server that is ready to run. Raises WeightsError, UsageError."""
    app = create_app(settings)
    service: Service = app.state.service
    service.models.get(None)  # here, where what is wrong with it can still be said in a line
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
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    return Server(config, service)


def serve(settings: Settings) -> None:
    """Serve until a signal comes. Raises WeightsError, UsageError; SystemExit when the port is taken."""
    build(settings).run()
