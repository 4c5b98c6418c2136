"""Training: it learns, it goes on where it stopped, it ends when asked, and what it leaves can be used."""

import os
import signal
import threading
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from harmonic.errors import UsageError
from harmonic.network.checkpoint import load_network
from harmonic.network.harmonic import Harmonic
from harmonic.nn.block import Block
from harmonic.restore.restorer import Restorer
from harmonic.train import loop
from harmonic.train.__main__ import main
from harmonic.train.reading import load_recipe
from harmonic.train.recipe import Model, Optimizer
from harmonic.train.state import latest_state
from harmonic.train.validate import cases, validate
from harmonic.train.weights import restoring
from spoiled import save, scene, spoil
from toys import pictures, recipe, rows, train

NOISE = {"clean": 0, "blur": 0, "noise": 1, "jpeg": 0, "hmix": 0}


def test_training_lowers_the_loss_and_leaves_weights_log_and_recipe(tmp_path):
    config = recipe(100, mixture=NOISE, optimizer={"learning_rate": 1e-2}, save_every=100, log_every=50)
    weights = train(config, tmp_path)
    log = rows(tmp_path)
    assert log[-1]["step"] == 100 and log[-1]["loss"] < 0.9 * log[0]["loss"]
    assert load_network(weights)[1].step == 100
    assert load_recipe(tmp_path / "recipe.yaml") == config


def test_a_network_with_experts_and_context_learns_from_labels_and_thumbnails(tmp_path):
    changes = {"channels": [16, 32, 48], "context": 16, "lf": {"channels": 16}, "hf": {"texture": None}}
    config = recipe(50, warmup=1, model=Model(preset="base", changes=changes), optimizer={"learning_rate": 3e-3},
                    save_every=50, log_every=50)  # fmt: skip
    weights = train(config, tmp_path)
    row = rows(tmp_path)[0]
    assert {"balance", "router_z", "supervision", "entropy", "use_denoise", "use_deblur"} <= row.keys()
    assert 0 < row["use_denoise"] <= 1
    torch.manual_seed(config.seed)
    born, trained = Harmonic(config.model.config()).state_dict(), load_network(weights)[0].state_dict()
    for part in ("context.", "hf.blocks.1.router.", "hf.blocks.1.experts."):
        assert any((born[name] - trained[name]).abs().max() > 1e-3 for name in born if name.startswith(part)), part


def test_a_run_that_was_paused_is_bit_equal_to_an_uninterrupted_one(tmp_path):
    whole = train(recipe(), tmp_path / "whole")
    for until in (1, 3, 4):
        train(recipe(), tmp_path / "cut", until=until)
    cut = train(recipe(), tmp_path / "cut")
    assert cut.read_bytes() == whole.read_bytes()
    losses = [[row["loss"] for row in rows(folder)] for folder in (tmp_path / "whole", tmp_path / "cut")]
    assert losses[0] == losses[1] and len(losses[0]) == 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_step_and_saves_it(tmp_path, number):
    whole = train(recipe(), tmp_path / "whole")
    asked = []

    def report(row):
        if row["step"] == 3 and not asked:
            asked.append(os.kill(os.getpid(), number))

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        train(recipe(), tmp_path / "cut", report=report)
    assert signal.getsignal(number) == before
    assert (tmp_path / "cut" / "state-00000003.safetensors").exists()
    assert train(recipe(), tmp_path / "cut").read_bytes() == whole.read_bytes()


def test_training_works_outside_the_main_thread(tmp_path):
    thread = threading.Thread(target=lambda: train(recipe(2), tmp_path))
    thread.start()
    thread.join()
    assert load_network(tmp_path / "toy.safetensors")[1].step == 2


def test_accumulated_parts_give_the_step_of_the_whole_batch(tmp_path):
    """Up to rounding: without experts all terms are means over samples."""
    ends = []
    for parts in (1, 2, 4):
        train(recipe(6, batch=4, optimizer=Optimizer(accumulate=parts)), tmp_path / f"{parts}")
        ends.append([row["loss"] for row in rows(tmp_path / f"{parts}")])
    np.testing.assert_allclose(ends[1], ends[0], rtol=2e-5)
    np.testing.assert_allclose(ends[2], ends[0], rtol=2e-5)


def test_checkpointing_changes_memory_and_nothing_else(tmp_path, monkeypatch):
    passes = []
    monkeypatch.setattr(Block, "forward", lambda self, *given, own=Block.forward: passes.append(1) or own(self, *given))
    files, counts = [], []
    for again in (False, True):
        passes.clear()
        files.append(train(recipe(4, checkpointing=again), tmp_path / f"{again}"))
        counts.append(len(passes))
    assert counts[1] == 2 * counts[0] > 0
    networks = [load_network(file)[0].state_dict() for file in files]
    assert all(torch.equal(networks[0][name], networks[1][name]) for name in networks[0])


def test_another_recipe_does_not_resume_the_run_but_a_longer_one_does(tmp_path):
    train(recipe(), tmp_path)
    with pytest.raises(UsageError, match=r"another recipe \(seed differ\)"):
        train(recipe(seed=1), tmp_path)
    assert load_network(train(recipe(12), tmp_path))[1].step == 12


@pytest.fixture
def _ticking(monkeypatch):
    """For the loop a hundredth of a second passes at each look at the clock, however busy the machine is."""
    ticks = count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: next(ticks) / 100))


@pytest.mark.usefixtures("_ticking")
def test_max_minutes_ends_the_run_cooled_down(tmp_path):
    train(recipe(10**6, log_every=1, warmup=0), tmp_path, max_minutes=0.05)
    assert load_network(tmp_path / "toy.safetensors")[1].step < 10**5
    rates = [row["lr"] for row in rows(tmp_path)]
    assert rates[0] == max(rates) > 0 and rates[-1] < 0.3 * rates[0]


@pytest.mark.usefixtures("_ticking")
def test_a_run_that_is_paused_goes_on_with_the_minutes_that_are_left(tmp_path):
    config = recipe(10**6, log_every=1, warmup=0)
    train(config, tmp_path, max_minutes=0.05, until=20)
    used = rows(tmp_path)[-1]["seconds"]
    state = latest_state(tmp_path, config)
    assert state is not None and state[1].seconds >= used
    train(config, tmp_path, max_minutes=state[1].seconds / 60 / 0.9)
    first, *_ = before = rows(tmp_path)[:20]
    later = rows(tmp_path)[20:]
    assert len(before) > 5 * len(later) > 0 and all(row["lr"] < 0.5 * first["lr"] for row in later)


def test_validation_is_what_a_user_gets_from_the_file(tmp_path):
    """R3.11: the trainer's figure and that of the saved weights are the same, to 0.001 dB and better."""
    given = cases(pictures(2, 64), 1)
    weights = train(recipe(8), tmp_path, cases=given)
    logged = [row for row in rows(tmp_path) if "mean" in row]
    assert [row["step"] for row in logged] == [4, 8]  # at both intervals, and at the end only where that is none
    assert validate(restoring(weights), given)["mean"] == pytest.approx(logged[-1]["mean"], abs=1e-9)
    with pytest.raises(UsageError, match="abacus"):
        restoring(weights, device="abacus")
    restorer = Restorer(weights, precision="fp32")
    assert np.array_equal(restorer.restore(given["mix"][0][0]), restoring(weights)(given["mix"][0][0]))


def test_where_damaged_small_pictures_are_validated_on_sound_ones_do_not_count():
    crops = pictures(3, 64)
    held, again = (cases(crops, 4, real=True) for _ in range(2))
    assert set(held) == {"bicubic", "real"} and set(cases(crops, 4)) == {"bicubic"}
    for (lq, target), (same, _), crop in zip(held["real"], again["real"], crops, strict=True):
        assert lq.shape == (16, 16, 3) and np.array_equal(lq, same) and np.array_equal(target, crop)
    figures = validate(lambda lq: np.full((64, 64, 3), lq.mean(), np.float32), held)
    assert figures["mean"] == figures["real"] != figures["bicubic"]


def test_a_warm_start_has_a_baseline_and_an_alarm(tmp_path):
    good = cases(pictures(2, 64), 1)
    start = train(recipe(4), tmp_path / "a", cases=good)
    heard = []
    ruin = {"learning_rate": 0.5, "clip": 1e6}
    train(recipe(8, warmup=0, optimizer=ruin, ema=0.0), tmp_path / "b", cases=good, init=start, say=heard.append)
    log = rows(tmp_path / "b")
    assert log[0]["step"] == 0 and log[0]["mean"] > log[-1]["mean"]
    assert any("alarm, validation fell from" in line for line in heard)
    assert load_network(tmp_path / "b" / "toy-best.safetensors")[1].step == 0


def test_an_unknown_device_is_refused(tmp_path):
    with pytest.raises(UsageError, match="abacus"):
        train(recipe(), tmp_path, device="abacus")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "r.yaml").write_text(
        "name: toy\nmodel: {preset: tiny}\nprecision: fp32\n"
        "schedule: {steps: 2, warmup: 1, phases: [{crop: 32, batch: 1}]}\n"
    )
    (tmp_path / "data").mkdir()
    for number, picture in enumerate(pictures()):
        Image.fromarray(picture).save(tmp_path / "data" / f"{number}.png")
    return tmp_path


def called(folder, *more):
    return main([str(folder / "r.yaml"), "--data", str(folder / "data"), *more])


def test_overrides_may_stand_before_and_after_options(folder, capsys):
    assert called(folder, "schedule.warmup=2", "--out", str(folder / "out"), "schedule.steps=3") == 0
    assert load_network(Path(capsys.readouterr().out.strip()))[1].step == 3


def test_a_check_rehearses_everything_and_leaves_nothing(folder, capsys):
    (folder / "data" / "val.txt").write_text("0.png 0 0 64 64\n")
    before = sorted(folder.rglob("*"))
    assert called(folder, "--check") == 0
    told, heard = capsys.readouterr()
    assert heard == "1 pictures of val.txt are trained on too, which flatters; list the others in train.txt\n"
    assert "an equal state, bit for bit" in told and "restored from the weights file" in told and "phase 0" in told
    assert sorted(folder.rglob("*")) == before


def test_a_plan_names_time_and_memory(folder, capsys):
    assert called(folder, "--plan", "schedule.steps=1000") == 0
    told = capsys.readouterr().out
    assert "1000 steps" in told and "memory:" in told and "waiting for data" in told


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        ([], 2, "name a recipe file"),
        (["gone.yaml"], 2, "cannot be read"),
        (["{r}"], 2, "--data: name the folder"),
        (["{r}", "--data", "{d}"], 2, "--out: name the folder"),
        (["{r}", "--data", "{d}/none", "--out", "{d}/o"], 2, "none"),
        (["--replay", "{r}"], 2, "is no kept step"),
        (["{r}", "--data", "{d}/none", "--out", "{r}"], 2, "a file stands where the folder of the run should be"),
        (["{r}", "--data", "{d}/none", "--out", "{d}/o", "--device", "abacus"], 2, "--device abacus: is not known"),
        (["{r}", "--data", "{d}/none", "--out", "{d}/o", "--max-minutes", "0"], 2, "--max-minutes 0: must be above 0"),
    ],
)
def test_what_is_missing_is_named(folder, capsys, arguments, code, message):
    given = [a.format(r=folder / "r.yaml", d=folder / "data") for a in arguments]
    assert main(given) == code
    told = capsys.readouterr().err.strip()
    assert message in told and told.count("\n") == 0


def test_a_folder_without_pictures_is_refused(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    assert main([str(folder / "r.yaml"), "--data", str(tmp_path / "empty"), "--out", str(tmp_path / "o")]) == 2


def test_bad_pictures_are_listed_and_left_out_or_refused(folder, capsys):
    """S11: the run among ten files that are spoiled in ten ways is the run without them."""
    clean = folder / "clean"
    assert called(folder, "--out", str(clean)) == 0
    names = spoil(folder / "data")
    assert called(folder, "--out", str(folder / "bad")) == 0
    told = capsys.readouterr().err
    assert len(names) == 10 and all(name in told for name in names)
    assert (clean / "toy.safetensors").read_bytes() == (folder / "bad" / "toy.safetensors").read_bytes()
    assert called(folder, "--out", str(folder / "strict"), "--strict-data") == 2
    assert not (folder / "strict").exists()


def test_pairs_are_trained_on_and_the_last_ones_validated_on(folder, capsys):
    for number in range(20):
        for name, scale in (("clean", 2), ("small", 1)):
            save(folder / name / f"{number:02d}.png", scene(number, 24 * scale, 32 * scale))
    save(folder / "small" / "lonely.png", scene(99, 24, 32))
    where = ["--data", str(folder / "clean"), "--inputs", str(folder / "small"), "--out", str(folder / "out")]
    recipe = [str(folder / "r.yaml"), "model.scale=2", "schedule.phases=[{crop: 16, batch: 2}]"]
    assert main([*recipe, *where]) == 0
    told = capsys.readouterr().err
    assert "18 pairs to train on, 2 to validate on" in told and "lonely.png: has no target of its name" in told
    assert "pairs" in rows(folder / "out")[-1]


def test_the_smoke_recipe_learns_something(tmp_path):
    """On two photographs, validated on a third: better than its inputs, in about the two minutes that it promises."""
    from skimage import data

    for name in ("astronaut", "coffee", "chelsea"):
        save(tmp_path / "data" / f"{name}.png", getattr(data, name)()[:256, :256])
    (tmp_path / "data" / "train.txt").write_text("astronaut.png\ncoffee.png\n")
    (tmp_path / "data" / "val.txt").write_text("chelsea.png 64 64 160 160\n")
    smoke = Path(__file__).parents[2] / "recipes" / "smoke.yaml"
    assert main([str(smoke), "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]) == 0
    given = cases([data.chelsea()[64:224, 64:224]], 1)
    untouched = validate(lambda picture: picture, given)
    log = [row for row in rows(tmp_path / "out") if "mean" in row]
    assert log[-1]["mean"] > untouched["mean"] + 1 and log[-1]["mean"] >= log[0]["mean"]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own
def test_a_compiled_run_takes_the_steps_of_an_eager_one(tmp_path):
    losses = []
    for compiled in (False, True):
        train(recipe(6, compile=compiled), tmp_path / f"{compiled}")
        losses.append([row["loss"] for row in rows(tmp_path / f"{compiled}")])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
