"""Training: samples are functions of their key, a resumed run is the uninterrupted run, recipes are strict."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from harmonic.degrade.mixtures import Mixture
from harmonic.errors import PictureError, UsageError
from harmonic.network.checkpoint import load_network
from harmonic.network.harmonic import Harmonic
from harmonic.train import loop
from harmonic.train.__main__ import main
from harmonic.train.batches import Stream, batch, sample, shrunk, thumbnails_of
from harmonic.train.objective import losses
from harmonic.train.recipe import Losses, Model, Phase, Recipe, load_recipe
from harmonic.train.schedule import rate


def pictures(count=3, side=80):
    rng = np.random.default_rng(0)
    smooth = [np.kron(rng.random((side // 8, side // 8, 3)), np.ones((8, 8, 1))) for _ in range(count)]
    return [(255 * s).astype(np.uint8) for s in smooth]


def recipe(**changes):
    values = {"name": "toy", "model": Model(preset="tiny"), "phases": (Phase(crop=32, batch=2),), "steps": 8,
              "warmup": 2, "save_every": 4, "validate_every": 4, "precision": "fp32"}  # fmt: skip
    return Recipe(**{**values, **changes})


def stream(scale=1, thumbnails=None, **shares):
    nothing = {"clean": 0, "blur": 0, "noise": 0, "jpeg": 0, "hmix": 0, "grey": 0}
    return Stream(pictures(), Mixture(**{**nothing, **shares}) if shares else Mixture(), 5, scale, thumbnails)


def test_a_sample_is_a_function_of_its_key():
    args = stream(thumbnails=thumbnails_of(pictures())), 32
    first, again = sample(*args, 9, 1), sample(*args, 9, 1)
    assert all(np.array_equal(a, b) for a, b in zip(vars(first).values(), vars(again).values(), strict=True))
    others = [sample(*args, 10, 1), sample(*args, 9, 2), sample(replace(args[0], seed=6), 32, 9, 1)]
    assert all(not np.array_equal(first.gt, other.gt) for other in others)


@pytest.mark.parametrize("scale, crops", [(1, (16, 79, 80)), (2, (16, 39, 40)), (3, (16, 26)), (4, (16, 19, 20))])
def test_crops_have_the_asked_size_up_to_the_whole_picture(scale, crops):
    for crop in crops:
        for index in range(20):
            got = sample(stream(scale), crop, 0, index)
            assert got.lq.shape == (crop, crop, 3) and got.gt.shape == (scale * crop, scale * crop, 3)


def test_grey_samples_have_equal_channels_noise_included():
    got = batch(stream(noise=1, grey=1), 32, 4, 0)
    for side in (got.lq, got.gt):
        torch.testing.assert_close(side, side[:, :1].expand_as(side), atol=1e-6, rtol=0)
    assert (got.lq - got.gt).abs().max() > 0.01


def test_clean_samples_are_untouched_pixels_without_labels():
    got = batch(stream(clean=1), 32, 4, 0)
    assert torch.equal(got.lq, got.gt) and not got.labels.any()
    assert torch.equal(got.gt * 255, (got.gt * 255).round())


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_inputs_of_enlargement_are_the_exact_bicubic_ones(scale):
    """Away from the picture's border, where the taps of the crop and its margin are those of the whole picture."""
    side = 48 * scale
    big = [np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)]
    whole = shrunk(big[0].astype(np.float32) / 255, scale)
    found = 0
    for index in range(200):
        got = sample(replace(stream(scale, clean=1), pictures=big), 16, 0, index)
        for turns in range(8):
            lq = np.rot90(got.lq[:, ::-1] if turns >= 4 else got.lq, turns % 4)
            for y, x in np.argwhere((whole[:33, :33] == lq[0, 0]).all(2)):
                found += np.array_equal(whole[y : y + 16, x : x + 16], lq)
    assert found > 5  # crops whose corner lies on a multiple of scale


def test_a_thumbnail_is_turned_as_its_crop_is():
    """A picture that is brighter towards the right is brighter on the same side in crop and thumbnail."""
    ramp = [np.broadcast_to(np.linspace(0, 255, 96)[None, :, None], (96, 96, 3)).astype(np.uint8)]
    sides = set()
    for index in range(16):
        got = sample(replace(stream(clean=1), pictures=ramp, thumbnails=thumbnails_of(ramp)), 64, 0, index)

        def brightest(a):
            ends = {"left": a[:, 0], "right": a[:, -1], "top": a[0], "bottom": a[-1]}
            return max(ends, key=lambda name: ends[name].mean())

        assert brightest(got.thumbnail) == brightest(got.gt)
        sides.add(brightest(got.gt))
    assert len(sides) == 4


def test_context_is_present_in_most_samples_and_missing_in_some():
    shares = batch(stream(clean=1), 16, 200, 0).present.float().mean()
    assert 0.7 < shares < 0.9


def test_a_network_with_experts_and_context_learns_from_labels_and_thumbnails(tmp_path):
    changes = {"channels": [16, 32, 48], "context": 16, "lf": {"channels": 16}, "hf": {"texture": None}}
    config = recipe(model=Model(preset="base", changes=changes), steps=50, save_every=50, lr=3e-3, warmup=1)
    weights = loop.train(config, pictures(), [], tmp_path)
    row = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert {"balance", "z", "supervision", "entropy", "use_denoise", "use_deblur"} <= row.keys()
    assert 0 < row["use_denoise"] <= 1
    torch.manual_seed(config.seed)
    born, trained = Harmonic(config.model.config()).state_dict(), load_network(weights)[0].state_dict()
    for part in ("context.", "hf.blocks.1.router.", "hf.blocks.1.experts."):
        assert any((born[name] - trained[name]).abs().max() > 1e-3 for name in born if name.startswith(part)), part


def test_the_rate_warms_up_holds_and_falls_to_zero():
    rates = [rate(step, step / 100, warmup=10, cooldown=0.2) for step in range(101)]
    assert rates[0] == 0.1 and rates[9:81] == [1.0] * 72
    assert all(a > b for a, b in pairwise(rates[81:])) and rates[-1] == pytest.approx(0)


def test_training_lowers_the_loss_and_leaves_weights_log_and_recipe(tmp_path):
    noise = Mixture(clean=0, blur=0, noise=1, jpeg=0, hmix=0)
    weights = loop.train(recipe(steps=100, lr=1e-2, mixture=noise, save_every=100), pictures(), [], tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 100 and rows[-1]["loss"] < 0.9 * rows[0]["loss"]
    assert load_network(weights)[1].step == 100
    assert Recipe.model_validate_json((tmp_path / "recipe.json").read_text()).name == "toy"


def test_a_resumed_run_is_bit_equal_to_an_uninterrupted_one(tmp_path, monkeypatch):
    whole = loop.train(recipe(), pictures(), [], tmp_path / "whole").read_bytes()
    true_save, saves = loop.save_state, []

    def save_then_die(*args):
        true_save(*args)
        saves.append(1)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save_state", save_then_die)
    with pytest.raises(KeyboardInterrupt):
        loop.train(recipe(), pictures(), [], tmp_path / "cut")
    monkeypatch.setattr(loop, "save_state", true_save)
    assert saves and loop.train(recipe(), pictures(), [], tmp_path / "cut").read_bytes() == whole


def test_a_step_that_is_not_finite_is_skipped_and_counted(tmp_path, monkeypatch):
    true_loss, calls = loop.losses, []

    def poisoned(*args):
        calls.append(1)
        terms = true_loss(*args)
        return {name: value * (float("nan") if len(calls) == 3 else 1) for name, value in terms.items()}

    monkeypatch.setattr(loop, "losses", poisoned)
    weights = loop.train(recipe(steps=50, save_every=50), pictures(), [], tmp_path)
    row = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert row["skipped"] == 1
    load_network(weights)  # refuses values that are not finite


def test_every_picture_loss_of_the_recipe_is_known_and_weighted():
    x, y = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    names = set(Losses.model_fields) - {"balance", "z", "supervision"}
    nothing = dict.fromkeys(names, 0.0)
    for name in names:
        one, two = (losses(x, y, Losses(**{**nothing, name: weight})) for weight in (1.0, 2.0))
        assert set(one) == {name} and one[name] > 0
        torch.testing.assert_close(two[name], 2 * one[name])


def test_another_recipe_does_not_resume_the_run(tmp_path):
    loop.train(recipe(), pictures(), [], tmp_path)
    with pytest.raises(UsageError, match="another recipe"):
        loop.train(recipe(seed=1), pictures(), [], tmp_path)


def test_max_minutes_ends_the_run_cooled_down(tmp_path):
    loop.train(recipe(steps=10**6), pictures(), [], tmp_path, max_minutes=0.02)
    assert load_network(tmp_path / "toy.safetensors")[1].step < 10**5


@pytest.mark.parametrize(
    "text, override, message",
    [
        ("name: a\nstep: 5", None, "unknown key step; did you mean steps?"),
        ("name: a\nlosses: {charbonier: 1}", None, "unknown key losses.charbonier; did you mean charbonnier?"),
        ("name: a\nsteps: many", None, "steps: "),
        ("name: a\nmodel: {changes: {lf: {blok: 1}}}", None, "did you mean blocks?"),
        ("name: a\nphases: [{crop: 66}]", "losses.low=1", "multiples of 4 pixels; change crop 66"),
        ("name: a\nphases: [{crop: 68}]", "losses.laplacian=1", "multiples of 8 pixels; change crop 68"),
        ("just a sentence", None, "a recipe is"),
        ("name: [", None, "not valid YAML"),
        ("name: a", "steps", "key=value"),
        ("name: a", "losses.fff=1", "unknown key losses.fff; did you mean fft?"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_nearest_right_key(tmp_path, text, override, message):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_recipe(path, [override] if override else [])
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_overrides_reach_nested_keys_and_the_network(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("name: a\nmodel: {preset: tiny}")
    got = load_recipe(path, ["losses.fft=0.5", "model.changes.lf=null", "model.changes.fusion=null"])
    assert got.losses.fft == 0.5 and got.model.config().lf is None
    assert got.hash() != load_recipe(path).hash()


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "r.yaml").write_text("name: a")
    (tmp_path / "data").mkdir()
    with pytest.raises(PictureError, match="no pictures in this folder"):
        loop.run(tmp_path / "r.yaml", tmp_path / "data", tmp_path / "out")


def test_a_warm_start_takes_what_fits(tmp_path):
    weights = loop.train(recipe(), pictures(), [], tmp_path / "a")
    given = load_network(weights)[0].state_dict()
    model = Harmonic(Model(preset="tiny", changes={"hf": {"tail": 8}}).config())
    fresh = loop.warm_start(model, weights)
    own = model.state_dict()
    assert set(fresh) == {name for name in own if name not in given or own[name].shape != given[name].shape}
    assert all(torch.equal(own[name], given[name]) for name in own.keys() - fresh)
    assert 0 < len(fresh) < len(own) / 2


def test_weights_of_another_network_are_no_start(tmp_path):
    weights = loop.train(recipe(), pictures(), [], tmp_path / "a")
    with pytest.raises(UsageError, match=r"only \d+ of \d+ numbers fit"):
        loop.train(recipe(model=Model(preset="fast")), pictures(), [], tmp_path / "b", init=weights)


def test_an_unknown_device_is_refused(tmp_path):
    with pytest.raises(UsageError, match="abacus"):
        loop.train(recipe(), pictures(), [], tmp_path, device="abacus")


@pytest.mark.parametrize(
    "block, complaint",
    [
        ("{kind: overlap, overlap: 8}", "overlap must be"),
        ("{kind: deformable, heads: 7}", "multiple of heads"),
        ("{kind: window, window: 40}", "less than or equal to 16"),
        ("{kind: windows}", "windows"),
    ],
)
def test_a_block_that_cannot_be_built_is_one_line_about_the_recipe(tmp_path, block, complaint):
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: mine\nmodel: {{preset: fast, changes: {{bottleneck: [{block}]}}}}\n")
    with pytest.raises(UsageError, match=complaint) as caught:
        load_recipe(file)
    assert "mine.yaml" in str(caught.value) and "\n" not in str(caught.value)


def test_overrides_may_stand_before_and_after_options(tmp_path, capsys):
    (tmp_path / "r.yaml").write_text(
        "name: toy\nmodel: {preset: tiny}\nphases: [{crop: 32, batch: 1}]\nprecision: fp32"
    )
    (tmp_path / "data").mkdir()
    Image.fromarray(pictures()[0]).save(tmp_path / "data" / "a.png")
    options = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main([str(tmp_path / "r.yaml"), "warmup=1", *options, "steps=2"]) == 0
    assert load_network(Path(capsys.readouterr().out.strip()))[1].step == 2
