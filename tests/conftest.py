"""What holds for every test: models that the developer has pulled are not seen, and no test reports to anybody."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Some tests import openvino themselves (restore/runtimes/quiet_openvino.py says what that would do).
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


CRASHING = """
import os, signal
from harmonic.images import worker
read_picture = worker.read_picture
def read(path, **options):
    if str(path) in {paths!r}:
        os.kill(os.getpid(), {signal})
    return read_picture(path, **options)
worker.read_picture = read
worker.main()
"""


@pytest.fixture
def crashing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Call it with files over which a decoding process is to crash, or to stand still (signal=SIGSTOP)."""

    def arrange(*paths: Path, signal: int = signal.SIGSEGV) -> None:
        code = CRASHING.format(paths={str(path) for path in paths}, signal=int(signal))
        monkeypatch.setattr("harmonic.images.apart._PROGRAM", ("-c", code))

    return arrange


@pytest.fixture(scope="session", autouse=True)
def no_pulled_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("data-home")
        patch.setenv("XDG_DATA_HOME", str(home))
        yield home
