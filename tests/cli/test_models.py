"""`harmonic models`: what is listed, what a pull leaves, and what it refuses."""

import hashlib
import json
from pathlib import Path

import pytest

from harmonic.assets import bundled_names, card_path, pulled_folder, weights_path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def left() -> list[str]:
    return sorted(path.name for path in pulled_folder().iterdir()) if pulled_folder().exists() else []


def refused(answer, code: int, words: str) -> None:
    assert answer.code == code and answer.out == ""
    assert answer.err.startswith("error: ") and answer.err.count("\n") == 1 and words in answer.err


def test_the_list_is_the_default(harmonic):
    shown = harmonic("models")
    assert shown == harmonic("models", "list") and shown.code == 0
    entry = json.loads(harmonic("models", "--json").out.splitlines()[bundled_names().index("restore-fast")])
    assert entry["sha256"] == sha256(weights_path("restore-fast")) and entry["where"] == "bundled"
    line = next(line for line in shown.out.splitlines() if line.startswith("restore-fast "))
    assert "x1  restore" in line and entry["sha256"][:12] in line and "(Apache-2.0)" in line


def test_an_installation_without_models_says_so(harmonic, monkeypatch, tmp_path):
    monkeypatch.setattr("harmonic.assets._FOLDER", tmp_path / "none")
    answer = harmonic("models")
    assert answer.code == 0 and answer.out == "" and "no models are bundled" in answer.err


def test_a_pulled_model_is_listed_verified_and_used_by_name(harmonic, weights, photo):
    answer = harmonic("models", "pull", weights.as_uri(), "--sha256", sha256(weights))
    assert answer == (0, f"{weights_path('tiny')}\n", "")
    assert weights_path("tiny").read_bytes() == weights.read_bytes() and left() == ["tiny.json", "tiny.safetensors"]
    assert "tiny  x1  test" in harmonic("models").out
    assert harmonic("models", "verify", "tiny") == (0, "tiny  ok\n", "")
    assert harmonic("models", "path", "tiny").out == answer.out
    assert harmonic("restore", photo, "-m", "tiny", "-q").code == 0
    again = harmonic("models", "pull", weights.as_uri(), "--sha256", sha256(weights).upper())
    assert again.code == 0 and again.out == answer.out and "here already" in again.err


def test_a_wrong_digest_leaves_nothing(harmonic, weights):
    refused(harmonic("models", "pull", weights.as_uri(), "--sha256", "0" * 64), 3, "nothing is kept")
    assert left() == []


def test_a_file_of_others_leaves_nothing(harmonic, photo):
    refused(harmonic("models", "pull", photo.as_uri(), "--sha256", sha256(photo)), 3, "no weights file of HARMONIC")
    assert left() == []


def test_a_damaged_file_is_found_and_pulled_again(harmonic, weights):
    pull = ("models", "pull", weights.as_uri(), "--sha256", sha256(weights))
    harmonic(*pull)
    weights_path("tiny").write_bytes(weights.read_bytes()[:-1])
    answer = harmonic("models", "verify")
    assert answer.code == 3 and "tiny  wrong\n" in answer.out and "restore-fast  ok\n" in answer.out
    assert answer.err.count("\n") == 1 and "SHA-256" in answer.err
    assert harmonic(*pull).code == 0 and harmonic("models", "verify").code == 0


def test_another_file_of_the_same_name_is_not_replaced_unasked(harmonic, weights, tmp_path):
    harmonic("models", "pull", weights.as_uri(), "--sha256", sha256(weights))
    other = tmp_path / "other.safetensors"
    other.write_bytes(weights_path("restore-fast").read_bytes())
    pull = ("models", "pull", other.as_uri(), "--sha256", sha256(other), "--as", "tiny")
    refused(harmonic(*pull), 2, "--overwrite")
    assert sha256(weights_path("tiny")) == sha256(weights)
    assert harmonic(*pull, "--overwrite").code == 0 and sha256(weights_path("tiny")) == sha256(other)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["sr9"], "not a model of the release"),
        (["https://example.org/x.safetensors"], "--sha256: is missing"),
        (["https://example.org/x.safetensors", "--sha256", "12"], "64 hex digits"),
        (["http://example.org/x.safetensors", "--sha256", "0" * 64], "only https://"),
        (["https://example.org/", "--sha256", "0" * 64], "cannot be the name"),
        (["https://example.org/x", "--sha256", "0" * 64, "--as", "../x"], "cannot be the name"),
        (["https://[::1/x", "--sha256", "0" * 64], "is not a URL"),
        (["https://example.org/restore-fast.safetensors", "--sha256", "0" * 64], "is bundled"),
    ],
)
def test_a_pull_that_cannot_be_meant_is_wrong_usage(harmonic, arguments, words):
    refused(harmonic("models", "pull", *arguments), 2, words)


def test_a_release_is_pulled_by_name_alone(harmonic, weights, monkeypatch, tmp_path):
    (tmp_path / "package").mkdir()
    monkeypatch.setattr("harmonic.assets._FOLDER", tmp_path / "package")
    entry = {"name": "big", "sha256": sha256(weights), "size": 1, "scale": 1, "task": "test", "licence": "Apache-2.0",
             "url": weights.as_uri()}  # fmt: skip
    (tmp_path / "package" / "models.json").write_text(json.dumps({"bundled": [], "released": [entry]}))
    assert "not pulled" in harmonic("models").out
    assert harmonic("models", "pull", "big").code == 0
    assert "not pulled" not in harmonic("models").out and "pulled" in harmonic("models").out


def test_a_card_is_printed_as_it_is(harmonic, weights):
    assert harmonic("models", "card", "restore-fast").out == card_path("restore-fast").read_text()
    harmonic("models", "pull", weights.as_uri(), "--sha256", sha256(weights))
    refused(harmonic("models", "card", "tiny"), 2, "has no card")


@pytest.mark.parametrize("command", ["path", "verify", "card"])
def test_an_unknown_name_is_one_line(harmonic, command):
    refused(harmonic("models", command, "nonsense"), 3, "nonsense")
