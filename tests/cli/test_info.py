"""`harmonic info`: weights files, presets, tables, JSON, the picture."""

import json

import pytest

from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS


def test_a_weights_file_shows_its_card_its_modules_and_the_seed(harmonic, weights):
    answer = harmonic("info", weights)
    assert answer.code == 0 and answer.err == ""
    lines = answer.out.splitlines()
    assert any(line.split()[:2] == ["name", "tiny-test"] for line in lines)
    bottleneck = next(line.split() for line in lines if line.startswith(" bottleneck"))
    assert bottleneck[:4] == ["bottleneck", "Bottleneck", "7,712", "7,648"] and bottleneck[-1] == "8"
    assert any("experts" in line and line.rstrip().endswith("not in this network") for line in lines)
    assert not any(mark in answer.out for mark in ("\x1b", "─")), "plain where piped"


def test_json_has_the_same_facts(harmonic, weights):
    facts = json.loads(harmonic("info", "-m", weights, "--json", "--depth", 2).out)
    assert (facts["name"], facts["scale"], facts["grid"]) == ("tiny-test", 1, 32)
    assert facts["config"]["channels"] == [16, 24, 32] and 0 < facts["reach"] <= 128
    assert facts["parameters"] == sum(p.numel() for p in Harmonic(PRESETS["tiny"]()).parameters())
    assert 4 < facts["gmac_per_megapixel"]["train"] < 5
    names = {row["name"] for row in facts["modules"]}
    assert {"", "hf", "hf.tail"} <= names and "hf.tail.out" not in names
    assert {idea["section"] for idea in facts["seed"]} >= {"§1", "§9", "§13"}


@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_preset_needs_no_weights(harmonic, preset):
    answer = harmonic("info", preset, "--scale", 2)
    assert answer.code == 0 and "a preset without weights" in answer.out
    total = next(line for line in answer.out.splitlines() if line.startswith(" all "))
    assert f"{sum(p.numel() for p in Harmonic(PRESETS[preset](2)).parameters()):,}" in total and "100.0%" in total


def test_a_network_with_texture_says_what_that_costs(harmonic):
    answer = harmonic("info", "base")
    assert "made on request" in answer.out and "once per picture" in answer.out
    assert "made on request" not in harmonic("info", "tiny").out


def test_the_picture_is_written_and_nothing_else(harmonic, tmp_path):
    target = tmp_path / "new" / "tiny.svg"
    answer = harmonic("info", "tiny", "--svg", target)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert target.read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "give one"),
        (["tiny", "-m", "fast"], "give one"),
        (["restore-fast", "--scale", "2"], "--scale: restore-fast has weights"),
        (["tiny", "--scale", "5"], "--scale"),
    ],
)
def test_wrong_usage_is_one_line(harmonic, arguments, words):
    answer = harmonic("info", *arguments)
    assert answer.code == 2 and answer.out == ""
    assert answer.err.startswith("error: ") and words in answer.err and answer.err.count("\n") == 1


def test_nothing_known_is_said_with_what_is(harmonic):
    answer = harmonic("info", "nonsense")
    assert answer.code == 3 and answer.err.startswith("error: model 'nonsense'") and answer.err.count("\n") == 1
