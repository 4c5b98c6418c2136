"""`harmonic bench peers` with two networks of a few numbers, and `harmonic bench speed` with a tiny one."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from torch import nn

from harmonic.cli import bench_speed
from harmonic.measure import costs, line_ups


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A table `toy`, and pictures to train and test on."""
    entrants = {"fast": lambda: nn.Conv2d(3, 3, 3, padding=1), "peer": lambda: nn.Conv2d(3, 3, 1)}
    toy = replace(line_ups.RESTORATION, name="toy", entrants=entrants, crop=16, batch=1, side=16,
                  suites=line_ups.RESTORATION.suites[:1])  # fmt: skip
    monkeypatch.setitem(line_ups.LINE_UPS, "toy", toy)
    folder = tmp_path / "pictures"
    folder.mkdir()
    y, x = np.mgrid[:40, :52]
    for name in ("one", "two"):
        waves = [120 + 90 * np.sin(x / (4 + c) + y / (7 + len(folder.name))) for c in range(3)]
        Image.fromarray(np.stack(waves, 2).astype(np.uint8)).save(folder / f"{name}.png")
    (folder / "val.txt").write_text("one.png 0 0 32 32\n")
    return folder


def test_from_training_to_table_results_and_picture(harmonic, data, tmp_path, monkeypatch):
    monkeypatch.setattr(costs, "computes_bf16", lambda _: True)
    out, results = tmp_path / "runs", tmp_path / "results"
    command = ("bench", "peers", "--data", data, "--table", "toy", "--out", out)
    assert "no finished runs yet" in harmonic(*command).out
    paused = harmonic(*command, "--train", "--steps", 2, "--max-minutes", 0)
    assert (paused.code, "paused after 0 minutes" in paused.err) == (0, True)
    done = harmonic(*command, "--train", "--time", "--steps", 2, "--results", results)
    assert done.code == 0
    assert "fast, 2 steps, seed 0: validation" in done.err
    content = json.loads((results / "equal-budget-toy.json").read_text())
    assert [run["network"] for run in content["runs"]] == ["fast", "peer"]
    assert content["costs"]["peer"]["parameters"] == 12
    assert content["costs"]["peer"]["gmac"] == pytest.approx(9e-3, abs=2e-3)
    assert {"fp32", "bf16", "fp32_ms", "bf16_ms"} < content["costs"]["peer"].keys()
    start = "harmonic bench peers --data DATA --table toy"
    assert content["command"].split("\n") == [
        f"{start} --train --steps 2 --precision bf16 --only fast --only peer --results results",
        f"{start} --time --results results",
    ]
    assert "leave out --train" in harmonic(*command, "--train", "--pretrained", data / "one.png").err
    assert (results / "equal-budget-toy.png").read_bytes().startswith(b"\x89PNG")
    again = harmonic(*command)
    assert again.out == done.out
    assert "| **fast** | 2 | 1 |" in again.out
    monkeypatch.setattr(costs, "computes_bf16", lambda _: False)
    note = harmonic(*command, "--time", "--results", results).err
    assert "bf16 is left out: this hardware has no instructions for it" in note
    timed = json.loads((results / "equal-budget-toy.json").read_text())["costs"]["peer"].keys()
    assert "fp32" in timed and "bf16" not in timed


@pytest.mark.parametrize(
    "options, words",
    [
        (["--table", "x3"], "x3: no such table; choose from restoration, x4, toy"),
        (["--table", "toy", "--train", "--only", "none"], "none: no such network in toy"),
        (["--pretrained", "none.pth"], "spandrel: cannot be imported"),
        (["--table", "x4", "--train", "--only", "SPAN"], "`make peers` makes an environment with it"),
    ],
)
def test_wrong_options_and_a_missing_spandrel_are_one_line(harmonic, data, monkeypatch, options, words):
    for module in ["spandrel", *(name for name in sys.modules if name.startswith("spandrel."))]:
        monkeypatch.setitem(sys.modules, module, None)
    answer = harmonic("bench", "peers", "--data", data, *options)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert words in answer.err


def test_results_that_cannot_be_written_are_told_before_anything_is_trained(harmonic, data, tmp_path):
    (tmp_path / "taken").write_bytes(b"")
    options = ["--table", "toy", "--train", "-o", tmp_path / "runs", "--results", tmp_path / "taken"]
    answer = harmonic("bench", "peers", "--data", data, *options)
    assert (answer.code, answer.err.count("\n")) == (1, 1) and "is no folder" in answer.err
    assert not (tmp_path / "runs").exists()


def test_weights_that_spandrel_cannot_load_are_one_line(harmonic, data):
    pytest.importorskip("spandrel", reason="spandrel is not installed; make peers has it")
    answer = harmonic("bench", "peers", "--data", data, "--pretrained", data / "one.png")
    assert (answer.code, answer.err.count("\n")) == (3, 1)
    assert "one.png: spandrel cannot load it" in answer.err


@pytest.mark.parametrize("native", [True, False])
def test_speed_is_printed_and_written_in_bf16_where_the_hardware_has_it(harmonic, tmp_path, monkeypatch, native):
    monkeypatch.setattr(costs, "computes_bf16", lambda _: native)
    monkeypatch.setattr(bench_speed, "RESTORED", ((32, 32),))
    monkeypatch.setattr(bench_speed, "GROWTH", (32, 64))
    file = tmp_path / "speed.json"
    answer = harmonic("bench", "speed", "-m", "tiny", "--rounds", 1, "--threads", 1, "--json", file)
    assert answer.code == 0
    assert ("bf16 is left out: this hardware has no instructions for it" in answer.err) != native
    content = json.loads(file.read_text())
    assert [row["network"] for row in content["latency"]] == ["tiny", "tiny, unfused", "NAFNet-w32"] * (1 + native)
    assert {row["precision"] for row in content["growth"]} == ({"fp32", "bf16"} if native else {"fp32"})
    assert content["command"] == "harmonic bench speed --model tiny --threads 1 --rounds 1 --json speed.json"
    assert "| tiny | fp32 |" in answer.out
    assert "exponent" in answer.out
