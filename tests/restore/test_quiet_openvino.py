"""OpenVINO's telemetry stays out: no connection, no process, no file in the user's home; and no other way in."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "harmonic"
WATCHED = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request", "os.fork"):
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(watch)
from harmonic.restore.runtimes.quiet_openvino import import_openvino
assert import_openvino().Core().available_devices
"""


def test_importing_openvino_reports_nothing(tmp_path, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CI", "false")
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "") and not list(tmp_path.iterdir())


def test_openvino_is_imported_in_one_place():
    """Any other import would be the first in some order of calls."""
    importing = re.compile(r"^\s*(import openvino\b|from openvino\b)|import_module\(.openvino", re.MULTILINE)
    assert [path.name for path in PACKAGE.rglob("*.py") if importing.search(path.read_text())] == ["quiet_openvino.py"]
