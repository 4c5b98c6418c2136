"""The clients in docs/serving.md do what it says, with the service that it names."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from uploads import picture

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
SAID = "http://127.0.0.1:8000"


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def snippets(kind: str) -> list[str]:
    return [
        code
        for code in re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
        if "127.0.0.1:8000/" in code or kind == "python"
    ]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(picture(form="JPEG"))
    return tmp_path


def test_the_python_client_works(running: Any, here: Path):
    (code,) = snippets("python")
    exec(code.replace(SAID, running.url), {})
    assert size(here / "photo-restored.png") == (40, 30)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_clients_work(running: Any, here: Path):
    single, job = (code for code in snippets("sh") if "curl" in code)
    for code, name in ((single, "photo-restored.png"), (job, "photo-restored.jpg")):
        done = subprocess.run(["bash", "-ec", code.replace(SAID, running.url)], capture_output=True, text=True)
        assert done.returncode == 0 and size(here / name) == (40, 30), done


def test_the_table_of_refusals_is_complete():
    """Every code that the service says is on the page."""
    room = Path(__file__).parents[2] / "src" / "harmonic" / "serve"
    code = "\n".join(path.read_text() for path in room.glob("*.py"))
    said = set(re.findall(r"Refusal\(\s*\d+,\s*\"([a-z_]+)\"", code)) | {
        "bad_request",
        "method_not_allowed",
        "not_done",
    }
    assert said <= set(re.findall(r"`([a-z_]+)`", PAGE))
