"""States: whole or not there, refused when damaged, and nothing in them is superfluous."""

import pytest
import torch

from harmonic.errors import ResourceError, UsageError
from harmonic.train import state
from harmonic.train.recipe import Model
from harmonic.train.samples import Stream
from harmonic.train.state import KEPT, latest_state, read_state
from toys import pictures, recipe, train

CONFIG = recipe(8, save_every=1)


def test_the_latest_states_are_kept(tmp_path):
    train(CONFIG, tmp_path)
    assert [path.name for path in sorted(tmp_path.glob("state-*"))] == [
        f"state-{8 - n:08d}.safetensors" for n in (2, 1, 0)
    ]
    assert KEPT == 3


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_a_damaged_state_is_told_and_the_one_before_it_taken(tmp_path, damage):
    whole = train(CONFIG, tmp_path / "a").read_bytes()
    train(CONFIG, tmp_path / "b", until=5)
    latest = tmp_path / "b" / "state-00000005.safetensors"
    data = bytearray(latest.read_bytes())
    data[-100] ^= 1
    latest.write_bytes({"cut": data[: len(data) // 2], "flipped": data, "empty": b"", "other": b"x" * 100}[damage])
    heard = []
    assert train(CONFIG, tmp_path / "b", say=heard.append).read_bytes() == whole
    assert "state-00000005.safetensors: is damaged" in heard[0] and "going on from the state before it" in heard[0]


def test_when_all_states_are_damaged_nothing_is_overwritten(tmp_path):
    train(CONFIG, tmp_path)
    for path in tmp_path.glob("state-*"):
        path.write_bytes(b"")
    with pytest.raises(UsageError, match="--no-resume"):
        train(CONFIG, tmp_path)


def test_a_state_of_a_newer_version_is_no_damage(tmp_path):
    train(CONFIG, tmp_path)
    path = sorted(tmp_path.glob("state-*"))[-1]
    path.write_bytes(path.read_bytes().replace(b'"skipped"', b'"skippet"').replace(b'\\"skipped\\"', b'\\"skippet\\"'))
    with pytest.raises(UsageError, match="a newer harmonic wrote it"):
        latest_state(tmp_path, CONFIG)


def test_a_run_does_not_go_on_with_another_network_than_it_began_with(tmp_path, monkeypatch):
    """A recipe that names a preset stays the same when the preset changes."""
    train(CONFIG, tmp_path, until=3)
    before = CONFIG.model.config()
    assert latest_state(tmp_path, CONFIG) is not None
    for change, told in (
        ({"floor": before.floor + 0.25}, r"floor was 0.* and is 0"),
        ({"lf": None}, "lf.* was .* and is"),
    ):
        monkeypatch.setattr(Model, "config", lambda _, change=change: before.model_copy(update=change))
        with pytest.raises(UsageError, match=rf"begun with another network \({told}.*set model.changes"):
            latest_state(tmp_path, CONFIG)


def test_a_state_that_cannot_be_saved_ends_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(state, "_PAUSE", 0)
    tries = []

    def full(path, data):
        tries.append(path)
        raise ResourceError(f"{path}: cannot be written (no space left on device); free some space")

    monkeypatch.setattr(state, "atomic_write", full)
    with pytest.raises(ResourceError, match="the state cannot be saved, so training ends"):
        train(CONFIG, tmp_path)
    assert len(tries) == 3


def test_other_circumstances_are_told(tmp_path, monkeypatch):
    train(CONFIG, tmp_path, until=3)
    monkeypatch.setattr(torch, "__version__", "9.9")
    heard = []
    train(CONFIG, tmp_path, say=heard.append)
    assert any("is 9.9 now; bits may differ" in line for line in heard)


def test_other_pictures_are_told(tmp_path):
    """They make other samples; nothing else would notice."""
    train(CONFIG, tmp_path, until=3)
    more = Stream(pictures(4), CONFIG.mixture, CONFIG.seed)
    changed = Stream([255 - picture for picture in pictures()], CONFIG.mixture, CONFIG.seed)
    for given in (more, changed):
        heard = []
        train(CONFIG, tmp_path, say=heard.append, stream=given, until=3)
        assert len(heard) == 1 and "pictures was 3 of digest" in heard[0]
        train(CONFIG, tmp_path, until=3)


def test_every_tensor_of_the_state_is_asked_for(tmp_path):
    train(CONFIG, tmp_path, until=3)
    tensors, progress, _ = read_state(tmp_path / "state-00000003.safetensors", CONFIG)
    assert progress.step == 3
    groups = {name.split("/")[0] for name in tensors}
    assert groups == {"model", "ema", "optimizer"}
    assert {name.split("/")[1] for name in tensors if name.startswith("optimizer/")} == {
        "step",
        "exp_avg",
        "exp_avg_sq",
    }


def test_there_is_no_state_in_an_empty_folder(tmp_path):
    assert latest_state(tmp_path / "none", CONFIG) is None


def test_a_run_of_a_version_that_lacked_a_key_goes_on_with_its_default():
    older = CONFIG.model_dump(mode="json")
    del older["optimizer"]["form"], older["guard"]
    assert CONFIG.differences(older) == []
    assert recipe(8, save_every=1, optimizer={"form": "muon"}).differences(older) == ["optimizer.form"]
