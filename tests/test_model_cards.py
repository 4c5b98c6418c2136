"""The cards and the manifest in src/harmonic/assets are what weights, results and facts say: contents are compared."""

import csv
import json
import os
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
import torch

from harmonic.assets import bundled_names, card_path, manifest_path, weights_path
from harmonic.network.checkpoint import load_network
from scripts import script

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def cards() -> ModuleType:
    return script("cards")


@pytest.mark.parametrize("name", bundled_names())
def test_a_card_is_as_new_as_weights_results_and_facts(cards, name):
    assert card_path(name).read_text(encoding="utf-8") == cards.card(name, cards.read_facts()), "run make docs"


def test_the_manifest_is_as_new_as_the_weights(cards):
    expected = cards.dump_manifest(cards.manifest(cards.read_facts()))
    assert manifest_path().read_text(encoding="utf-8") == expected, "run make docs"


def test_figures_of_older_weights_are_refused(cards):
    everything = cards.read_facts()
    old = everything.models["restore-fast"].model_copy(update={"measured": "0" * 12})
    with pytest.raises(ValueError, match="measure again"):
        cards.card("restore-fast", everything.model_copy(update={"models": {"restore-fast": old}}))


def test_texture_figures_of_other_weights_are_refused(cards, tmp_path, monkeypatch):
    content = json.loads((ROOT / "results" / "texture.json").read_text())
    (tmp_path / "texture.json").write_text(json.dumps(content | {"sha256": "0" * 64}))
    monkeypatch.setattr(cards, "RESULTS", tmp_path)
    with pytest.raises(ValueError, match="of other weights"):
        cards.card("restore-texture", cards.read_facts())


def test_checks_of_other_weights_are_refused(cards, tmp_path, monkeypatch):
    for file in (ROOT / "results").glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    content = json.loads((tmp_path / "verify.json").read_text())
    content["models"]["sr4-fast"]["sha256"] = "0" * 64
    (tmp_path / "verify.json").write_text(json.dumps(content))
    monkeypatch.setattr(cards, "RESULTS", tmp_path)
    with pytest.raises(ValueError, match=r"sr4-fast: results/verify\.json is of other weights"):
        cards.card("sr4-fast", cards.read_facts())


def test_weights_without_facts_are_refused(cards):
    with pytest.raises(ValueError, match="has no entry"):
        cards.card("restore-fast", cards.read_facts().model_copy(update={"models": {}}))


def test_every_recipe_and_results_file_that_a_card_names_exists(cards):
    for name, facts in cards.read_facts().models.items():
        config = load_network(weights_path(name))[0].config
        results = "texture.json" if config.generates else f"quality-{name}.json"
        assert (ROOT / facts.recipe).exists() and (ROOT / "results" / results).exists()


def test_restore_texture_is_restore_fast_and_a_head():
    plain, drawing = (load_network(weights_path(name))[0] for name in ("restore-fast", "restore-texture"))
    tensors = drawing.state_dict()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in plain.state_dict().items())
    assert all(name.startswith("hf.texture.") for name in tensors.keys() - plain.state_dict().keys())
    x = torch.rand(1, 3, 45, 77)
    with torch.inference_mode():
        assert torch.equal(drawing.eval()(x), plain.eval()(x))


def test_licences_and_authors_are_those_of_the_pictures(cards):
    """Counts by licence, and every author whose licence asks to be named."""
    if not (data := os.environ.get("HARMONIC_DATA")):
        pytest.skip("needs HARMONIC_DATA")
    train = set((Path(data) / "train" / "train.txt").read_text().split())
    with (Path(data) / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].removeprefix("train/") in train]
    free = cards.read_facts().data["free"]
    assert Counter(row["licence"] for row in rows) == free.licences
    named = " ".join(free.attribution.split()).lower()
    authors = {row["author"].partition(" (")[0].partition(",")[0] for row in rows if "BY" in row["licence"]}
    assert authors - {"CID22 data set"} <= {author for author in authors if author.lower() in named}
