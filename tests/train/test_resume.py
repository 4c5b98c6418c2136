"""A run killed anywhere and resumed is the run that nobody touched, bit for bit; and all of the state is needed for it.

The run has everything that a state can hold: network with context and experts, EMA, optimizer, texture head,
discriminator with its own optimizer, guard; Muon beside AdamW.
"""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

from harmonic.network.harmonic import Harmonic
from harmonic.train.batches import thumbnails_of
from harmonic.train.learner import Learner
from harmonic.train.recipe import Model
from harmonic.train.samples import Stream
from harmonic.train.state import Progress, latest_state, save_state
from toys import pictures, recipe, rows, train

CHANGES = {
    "channels": [8, 16, 16],
    "context": 8,
    "bottleneck": [{"kind": "hybrid"}],
    "encoder": [[{"kind": "conv"}], [{"kind": "conv"}]],
    "decoder": [[{"kind": "conv"}], [{"kind": "conv"}]],
    "lf": {"channels": 8, "blocks": [{"kind": "large-kernel", "kernel": 5}]},
    "hf": {"blocks": [{"kind": "experts"}], "high_pass": 4, "tail": 4, "texture": {"channels": 4}},
}


def everything(steps, **changes):
    discriminator = {"channels": 8, "learning_rate": 1e-3, "r1": 0.1}
    values = {"model": Model(preset="base", changes=CHANGES), "guard": {"spike": 50},
              "texture": {"trunk": "trained", "discriminator": discriminator}, "data": {"synthetic": 0.2},
              "optimizer": {"form": "muon"}}  # fmt: skip
    return recipe(steps, **{**values, **changes})


def stream_of(config):
    given = pictures()
    return Stream(given, config.mixture, config.seed, thumbnails=thumbnails_of(given), synthetic=0.2)


LEFT_OUT = ["model", "ema", "optimizer/step", "optimizer/exp_avg/", "optimizer/exp_avg_sq", "optimizer/momentum",
            "discriminator", "discriminator/down.0.u", "adversary/step", "adversary/exp_avg/", "adversary/exp_avg_sq",
            "step", "losses", "sums"]  # fmt: skip
"""Tensors by the beginning of their name, and fields of `Progress`; what only troubles change is in test_guard."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An unbroken run of eight steps, and one paused at step 5, between rows of its log."""
    folder = tmp_path_factory.mktemp("whole")
    config = everything(8, log_every=2)
    weights = train(config, folder / "whole", stream=stream_of(config))
    train(config, folder / "cut", stream=stream_of(config), until=5)
    return config, folder, weights.read_bytes(), rows(folder / "whole")


def deterministic(log):
    return [{k: v for k, v in row.items() if k not in ("seconds", "left", "wait")} for row in log]


def resumed(whole, tmp_path, left_out=None):
    """The paused run resumed in a new folder, with a part of its state as it was at step 0."""
    config, folder, _, _ = whole
    tensors, progress, _ = latest_state(folder / "cut", config)
    torch.manual_seed(config.seed)
    tensors0 = Learner(Harmonic(config.model.config()).train(), config).tensors()
    log = (folder / "cut" / "log.jsonl").read_text()
    if left_out in {field.name for field in fields(Progress)}:
        progress = replace(progress, **{left_out: getattr(Progress(), left_out)})
    elif left_out:
        chosen = [name for name in tensors if name.startswith(left_out)]
        assert chosen
        tensors |= {name: tensors0.get(name, torch.zeros_like(tensors[name])) for name in chosen}
    save_state(tmp_path, tensors, progress, config)
    (tmp_path / "log.jsonl").write_text(log)
    weights = train(config, tmp_path, stream=stream_of(config))
    state, after, _ = latest_state(tmp_path, config)
    return weights.read_bytes(), rows(tmp_path), state, after


def test_a_paused_run_ends_like_the_unbroken_one(whole, tmp_path):
    weights, log, state, _ = resumed(whole, tmp_path)
    assert weights == whole[2] and deterministic(log) == deterministic(whole[3])
    unbroken = latest_state(whole[1] / "whole", whole[0])[0]
    assert state.keys() == unbroken.keys() and all((state[name] == unbroken[name]).all() for name in state)


@pytest.mark.parametrize("item", LEFT_OUT)
def test_nothing_in_a_state_can_be_left_out(whole, tmp_path, item):
    """Left out, each of them changes the end: weights, log or the state itself."""
    weights, log, state, after = resumed(whole, tmp_path, item)
    unbroken, expected, _ = latest_state(whole[1] / "whole", whole[0])
    same_state = state.keys() == unbroken.keys() and all((state[name] == unbroken[name]).all() for name in state)
    same_memory = replace(after, seconds=0) == replace(expected, seconds=0)
    assert not (weights == whole[2] and deterministic(log) == deterministic(whole[3]) and same_state and same_memory)


def command(folder, *more):
    return [sys.executable, "-m", "harmonic.train", str(folder / "r.yaml"), "--data", str(folder / "data"), *more]


@pytest.fixture
def folder(tmp_path):
    config = everything(60, save_every=3, log_every=5).model_dump(mode="json")
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "data").mkdir()
    for number, picture in enumerate(pictures()):
        Image.fromarray(picture).save(tmp_path / "data" / f"{number}.png")
    return tmp_path


def survived(folder, kills, rng, seconds):
    """The run in `folder/cut`, killed that often at random moments, then to its end -> kills that met it alive."""
    out, went_on = folder / "cut", 0
    for _ in range(kills):
        process = subprocess.Popen(
            command(folder, "--out", str(out)), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        before = sorted(out.glob("state-*")) if out.exists() else []
        deadline = time.monotonic() + 120
        while sorted(out.glob("state-*")) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)  # past the start, which takes seconds
        time.sleep(rng.random() * seconds)
        process.send_signal(signal.SIGKILL)
        went_on += process.wait() == -signal.SIGKILL
    subprocess.run(command(folder, "--out", str(out)), check=True, capture_output=True)
    return went_on


def compare(folder, kills, seed, seconds):
    subprocess.run(command(folder, "--out", str(folder / "whole")), check=True, capture_output=True)
    killed = survived(folder, kills, random.Random(seed), seconds)
    names = ("whole", "cut")
    files = [(folder / name / "toy.safetensors").read_bytes() for name in names]
    logs = [deterministic(rows(folder / name)) for name in names]
    states = [(folder / name / "state-00000060.safetensors") for name in names]
    config = everything(60, save_every=3, log_every=5)
    tensors = [latest_state(path.parent, config)[0] for path in states]
    assert files[0] == files[1] and logs[0] == logs[1]
    assert all((tensors[0][name] == tensors[1][name]).all() for name in tensors[0])
    return killed


@pytest.mark.long
def test_a_killed_run_ends_like_the_unbroken_one(folder):
    assert compare(folder, 1, 0, 0.3) == 1


@pytest.mark.long
def test_twenty_kills_at_random_moments(folder):
    """Of one run; each resumes from what the last one left, and most meet the process alive."""
    assert compare(folder, 20, 1, 0.5) >= 15


@pytest.mark.long
def test_twenty_kills_while_states_are_written(tmp_path):
    """A process that does nothing but save: whenever it dies, the latest state can be read."""
    code = (
        "import sys, torch; from pathlib import Path; from harmonic.train.state import *; from toys import recipe\n"
        "for step in range(10**6): save_state(Path(sys.argv[1]), {'a': torch.full((10**6,), float(step))},"
        " Progress(step=step), recipe())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    rng = random.Random(2)
    for number in range(20):
        out = tmp_path / f"{number}"
        process = subprocess.Popen([sys.executable, "-c", code, str(out)], env=environment)
        while not list(out.glob("state-*")):
            time.sleep(0.01)
        time.sleep(rng.random())
        process.kill()
        process.wait()
        heard = []
        found = latest_state(out, recipe(), heard.append)
        assert found is not None and not heard
        assert (found[0]["a"] == found[1].step).all()
