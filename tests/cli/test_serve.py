"""`harmonic serve`: what is wrong is said in a line before anything listens."""

import builtins
from typing import Any

import pytest

from harmonic.cli.app import run
from harmonic.serve import server


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("harmonic.cli.serve.find_spec", lambda name: None if name == "fastapi" else builtins)
    assert run(["serve"]) == 2
    assert capsys.readouterr().err == "error: serve: fastapi is not installed; pip install 'harmonic-ir[serve]'\n"


def test_unknown_and_damaged_models_end_it(tmp_path: Any, capsys: pytest.CaptureFixture[str]):
    assert run(["serve", "--model", "nothing"]) == 3
    (tmp_path / "bad.safetensors").write_bytes(b"no weights")
    assert run(["serve", "--model", str(tmp_path / "bad.safetensors")]) == 3
    assert all(line.startswith("error: ") for line in capsys.readouterr().err.splitlines())


@pytest.mark.parametrize("host, token, warned", [
    ("127.0.0.1", None, ""),
    ("0.0.0.0", None, "warning: 0.0.0.0 is open to the network, without a token: anybody may use it"),
    ("0.0.0.0", "sesame", "warning: 0.0.0.0 is open to the network, with the token"),
])  # fmt: skip
def test_it_warns_when_the_network_can_reach_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str, token: str | None, warned: str
):
    seen = []
    monkeypatch.setattr(server, "serve", seen.append)
    monkeypatch.setenv("HARMONIC_TOKEN", token or "")
    assert run(["serve", "--host", host, "--queue", "3"]) == 0
    assert capsys.readouterr().err.strip().startswith(warned) and bool(warned) == (not seen[0].loopback)
    assert (seen[0].host, seen[0].queue, seen[0].token or None) == (host, 3, token)
