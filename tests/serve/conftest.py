"""A service at work: with a tiny network, in a thread of the test or as a process of its own."""

import asyncio
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from harmonic.images.atomic import atomic_write
from harmonic.network.checkpoint import Card, dump_network
from harmonic.serve.jobs import Jobs
from harmonic.serve.server import build
from harmonic.serve.service import Service
from harmonic.serve.settings import Settings
from making import fresh, randomised


@dataclass(frozen=True)
class Running:
    """client: of the service at `url`. service, jobs: where it runs in this process; process: where it does not."""

    url: str
    client: httpx.Client
    service: Service | None = None
    jobs: Jobs | None = None
    process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def post(self, path: str, picture: bytes | None, name: str = "a.png", **fields: object) -> httpx.Response:
        files = None if picture is None else {"picture": (name, picture)}
        return self.client.post(path, files=files, data={key: str(value) for key, value in fields.items()})


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = randomised(fresh("tiny", 1))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    atomic_write(path, dump_network(network, Card(name="tiny", task="test", config=network.config)))
    return path


@pytest.fixture(scope="session")
def settings(tiny: Path) -> Settings:
    return Settings(
        models=(str(tiny),), port=0, precision="fp32", device="cpu", max_pixels=400_000, max_bytes=2_000_000
    )


@contextmanager
def served(settings: Settings) -> Iterator[Running]:
    server = build(settings)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=30) as client:
            state = server.config.app.state  # type: ignore[union-attr]
            yield Running(url, client, service=state.service, jobs=state.jobs)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def running(settings: Settings) -> Iterator[Running]:
    with served(settings) as running:
        yield running


@pytest.fixture(scope="session")
def serving(settings: Settings) -> Callable[..., Any]:
    """A service with some settings changed, as a context."""
    return lambda **changes: served(replace(settings, **changes))


@contextmanager
def process_of(*options: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "harmonic", "serve", "--port", "0", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"running on (http://\S+)", line):
                break
        else:
            raise AssertionError("it did not start")
        threading.Thread(target=process.stderr.read, daemon=True).start()  # so that its pipe never fills
        with httpx.Client(base_url=found[1], timeout=120) as client:
            yield Running(found[1], client, process=process)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()  # type: ignore[union-attr]


@pytest.fixture
def process() -> Callable[..., Any]:
    """`harmonic serve` with options, as a context."""
    return process_of
