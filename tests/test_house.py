"""What the package needs to start: `pyproject.toml` against what is imported, in a fresh interpreter each."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Refuses the named packages, as if they were not installed, and then runs the statement.
BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked in this test")

sys.meta_path.insert(0, Blocker())
{statement}
"""

COMMAND_LINE = {"typer", "click", "rich", "shellingham"}
EXTRAS = {"pyvips", "tifffile", "onnx", "onnxruntime", "onnxscript", "openvino", "skimage", "scipy"}
EXTRAS |= {"fastapi", "starlette", "uvicorn", "python_multipart", "httpx"}
TESTS = {"pytest", "hypothesis", "_pytest"}


def run(statement: str, blocked: set[str]) -> subprocess.CompletedProcess[str]:
    code = BLOCKED.format(blocked=blocked, statement=statement)
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)


def test_the_blocker_blocks():
    assert "typer is blocked" in run("import typer", COMMAND_LINE).stderr


@pytest.mark.parametrize(
    "statement, blocked",
    [
        ("import harmonic.train.__main__", COMMAND_LINE | EXTRAS | TESTS),
        ("from harmonic import Restorer", COMMAND_LINE | EXTRAS | TESTS | {"yaml"}),
        ("import harmonic.measure.suites", COMMAND_LINE | EXTRAS | TESTS),
        ("import harmonic.images.read, harmonic.images.write", COMMAND_LINE | EXTRAS | TESTS | {"torch", "pydantic"}),
        ("import harmonic.images.worker, harmonic.images.apart", COMMAND_LINE | EXTRAS | TESTS | {"torch", "pydantic"}),
        ("import harmonic; print(harmonic.__version__)", COMMAND_LINE | EXTRAS | TESTS | {"torch", "numpy", "PIL"}),
        ("import harmonic.cli", EXTRAS | TESTS | {"torch", "numpy"}),
    ],
)
def test_a_room_starts_without(statement: str, blocked: set[str]):
    done = run(statement, blocked)
    assert done.returncode == 0, done.stderr


def test_the_lock_fits_the_ranges():
    """Each dependency of the package, and of its tests, has its exact version in the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.match(r"[A-Za-z0-9_-]+", requirement)[0].lower() for requirement in wanted}  # type: ignore[index]
    assert names <= {pin.lower() for pin in pins}


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "src" / "harmonic" / "py.typed").exists()
