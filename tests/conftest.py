"""What holds for every test: models that the developer has pulled are not seen, and no test reports to anybody."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Some tests import openvino themselves (restore/runtimes/quiet_openvino.py says what that would do).
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


@pytest.fixture(scope="session", autouse=True)
def no_pulled_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("data-home")
        patch.setenv("XDG_DATA_HOME", str(home))
        yield home
