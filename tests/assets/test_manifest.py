"""Records of weights files: those in the package are true, and a file that differs from its record is found."""

import dataclasses
import json

import pytest
import torch

from harmonic import assets
from harmonic.assets import find_weights, model_names, pulled_folder, weights_path
from harmonic.assets.manifest import described, entries, entry_of, fault, keep, read_manifest
from harmonic.errors import WeightsError
from harmonic.network.checkpoint import FORMAT, Card, dump_network, load_network
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny


@pytest.fixture(scope="module")
def weights() -> bytes:
    network = Harmonic(tiny())
    return dump_network(network, Card(name="tiny", task="test", config=network.config), torch.bfloat16)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_every_bundled_model_has_a_true_record_and_a_card():
    assert [entry.name for entry in read_manifest().bundled] == assets.bundled_names() != []
    for name in assets.bundled_names():
        assert fault(name) is None and assets.card_path(name).exists()


def test_a_record_says_what_loading_says(weights):
    entry = described(weights, "mine", "https://example.org/mine")
    _, card = load_network(keep(weights, entry))
    assert (entry.scale, entry.task, entry.licence, entry.size) == (card.scale, card.task, card.licence, len(weights))
    assert json.loads(json.dumps(dataclasses.asdict(entry))) == dataclasses.asdict(entry)


def test_both_rooms_mean_one_format():
    from harmonic.assets import manifest

    assert manifest.FORMAT == FORMAT


@pytest.mark.parametrize("data", [b"", b"x" * 100, (10**9).to_bytes(8, "little"), b"\2\0\0\0\0\0\0\0{}"])
def test_what_is_no_weights_file_is_not_described(data):
    with pytest.raises(ValueError):
        described(data, "mine")


def test_a_home_that_may_not_be_read_hides_no_bundled_model(monkeypatch):
    """As a service with a user of its own meets it."""

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", refused)
    assert find_weights("restore-fast").exists() and "restore-fast" in model_names()
    with pytest.raises(WeightsError, match="not bundled or pulled"):
        find_weights("mine")


def test_a_pulled_model_is_found_by_name_until_it_is_gone(weights):
    assert find_weights(keep(weights, described(weights, "mine"))) == pulled_folder() / "mine.safetensors"
    assert find_weights("mine") == weights_path("mine") == pulled_folder() / "mine.safetensors"
    assert "mine" in model_names() and entry_of("mine") in entries()
    weights_path("mine").unlink()
    assert "mine" not in model_names()
    with pytest.raises(WeightsError, match="not bundled or pulled"):
        find_weights("mine")


def test_a_bundled_name_never_leads_to_a_pulled_file(weights):
    name = assets.bundled_names()[0]
    keep(weights, described(weights, name))
    assert weights_path(name).parent != pulled_folder() and fault(name) is None
    assert model_names().count(name) == 1


def test_a_flipped_bit_and_a_missing_record_are_faults(weights):
    path = keep(weights, described(weights, "mine"))
    assert fault("mine") is None
    data = bytearray(weights)
    data[-1] ^= 1
    path.write_bytes(data)
    assert "expected" in (fault("mine") or "")
    path.with_suffix(".json").write_text("{}")
    assert "no record" in (fault("mine") or "") and entry_of("mine") is None


def test_a_bundled_file_that_went_missing_is_a_fault(monkeypatch, tmp_path):
    (tmp_path / "models.json").write_text(assets.manifest_path().read_text())
    monkeypatch.setattr("harmonic.assets._FOLDER", tmp_path)
    assert fault("restore-fast") == "the file is missing"


def test_a_damaged_manifest_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "models.json").write_text("{")
    monkeypatch.setattr("harmonic.assets._FOLDER", tmp_path)
    with pytest.raises(WeightsError, match="is damaged"):
        read_manifest()


def test_a_relative_data_home_is_not_heeded(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "here")
    monkeypatch.setenv("HOME", "/home/me")
    assert str(pulled_folder()) == "/home/me/.local/share/harmonic/models"
