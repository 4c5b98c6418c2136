"""The models of a service: what is told of each, and one that cannot be loaded."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harmonic.assets import bundled_names
from harmonic.errors import WeightsError
from harmonic.serve.models import Models
from harmonic.serve.server import build
from harmonic.serve.settings import Settings


def test_models_say_what_they_take(running: Any):
    (told,) = running.client.get("/v1/models").json()
    assert told["name"] == "tiny" and told["default"] and told["scale"] == 1 and not told["texture"]
    assert told["limits"] == {"pixels": 400_000, "preview": 2_000_000} and told["seconds_per_megapixel"] > 0


def test_the_list_says_which_bundled_models_do_more_than_enlarge_or_restore():
    told = Models(Settings(models=tuple(bundled_names()), device="cpu")).listed()
    purposes = dict(str(item["title"]).split(": ") for item in told)
    assert purposes["sr4-fast"] == "enlarges by 4" and purposes["sr4-real"] == "mends and enlarges by 4"
    assert purposes["restore-fast"] == "keeps the size" and purposes["restore-texture"] == "generates texture"


def test_a_model_that_cannot_be_loaded_is_told_at_the_start_and_leaves_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no weights")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(WeightsError, match="bad"):
        build(replace(settings, models=(*settings.models, str(bad))))
    assert not list(tmp_path.glob("harmonic-*"))
