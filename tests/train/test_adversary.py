"""The generative stage: texture is taught, structure and everything frozen stay as they are."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from harmonic.losses.features import FeatureExtractor
from harmonic.network.checkpoint import load_network
from harmonic.network.harmonic import Harmonic
from harmonic.ops.band import low_band
from harmonic.train.batches import batch
from harmonic.train.learner import HEAD, Learner
from harmonic.train.objective import predict
from harmonic.train.recipe import Model
from harmonic.train.validate import cases, texture_figures
from toys import pictures, recipe, rows, stream, train

TEXTURED = Model(preset="tiny", changes={"hf": {"texture": {"channels": 4}}})
DISCRIMINATOR = {"channels": 8, "learning_rate": 1e-3}


def textured(steps=3, **stage):
    return recipe(steps, model=TEXTURED, texture={"discriminator": DISCRIMINATOR, **stage})


def moved(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("trunk", ["frozen", "slow", "trained"])
def test_the_trunk_learns_as_fast_as_it_is_told(tmp_path, trunk):
    config = textured(6, trunk=trunk)
    torch.manual_seed(config.seed)
    before = Harmonic(TEXTURED.config()).state_dict()
    start = {name: value.bfloat16().float() if value.ndim > 1 else value for name, value in before.items()}
    after = load_network(train(config, tmp_path))[0].state_dict()
    names = moved(start, after)
    assert any(name.startswith(HEAD) for name in names)
    assert any(not name.startswith(HEAD) for name in names) == (trunk != "frozen")


def test_a_slow_trunk_has_a_tenth_of_the_rate():
    config = textured(trunk="slow")
    learner = Learner(Harmonic(TEXTURED.config()).train(), config)
    learner.set_rate(1.0)
    rate_of = {id(p): group["lr"] for optimizer in learner.optimizers for group in optimizer.param_groups
               for p in group["params"]}  # fmt: skip
    rates = {name: rate_of[id(p)] for name, p in learner.model.named_parameters()}
    assert {rate for name, rate in rates.items() if name.startswith(HEAD)} == {1e-3}
    assert {rate for name, rate in rates.items() if not name.startswith(HEAD)} == {1e-4}


@pytest.mark.parametrize("form", ["hinge", "relativistic"])
def test_what_teaches_texture_reaches_the_head_alone_and_no_low_band(form):
    """The trunk gets no gradient through what the texture is added to; with it frozen, none at all."""
    config = textured(trunk="trained", form=form, gan=1.0, matching=1.0, distance=1.0, pixel=1.0, drift=1.0)
    torch.manual_seed(0)
    model = Harmonic(TEXTURED.config()).train()
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    learner = Learner(model, config)
    samples = batch(stream(noise=1), 32, 0, range(2))
    _, parts = predict(model, samples, generate=True)
    for part in (parts.lf, parts.hf, parts.texture):
        part.retain_grad()
    terms = learner.adversary.teaches(parts, samples.gt)
    assert set(terms) == {"gan", "matching", "texture_distance", "texture_pixel", "texture_drift"}
    (pull,) = torch.autograd.grad(terms.pop("texture_drift"), parts.texture)
    assert pull.abs().max() > 0  # along the low band by its nature; the head's projection takes that out
    parts.texture.grad = None
    torch.stack(list(terms.values())).sum().backward()
    assert parts.lf.grad is None and parts.hf.grad is None
    grad = parts.texture.grad
    low = low_band(torch.randn_like(grad), 4)
    along = (grad * low).sum().abs() / (grad.norm() * low.norm())  # whatever the low band: no pull along it
    assert grad.abs().max() > 0 and along < 1e-4
    assert all(p.grad is None for p in learner.adversary.network.parameters())  # its turn comes later


def test_the_discriminator_learns_in_its_own_turn():
    config = textured()
    learner = Learner(Harmonic(TEXTURED.config()).train(), config)
    samples = batch(stream(noise=1), 32, 0, range(2))
    _, parts = predict(learner.model, samples, generate=True)
    learner.begin()
    figures = learner.adversary.learns(parts, samples.gt, 1.0)
    assert set(figures) == {"discriminator", "score_real", "score_fake"}
    assert all(p.grad is not None for p in learner.adversary.network.parameters())
    assert all(p.grad is None for p in learner.model.parameters())


def test_a_term_of_weight_zero_is_not_computed(tmp_path):
    train(textured(2, gan=0, matching=0, pixel=0, distance=0.5), tmp_path)
    assert {"gan", "matching", "texture_pixel", "texture_drift"}.isdisjoint(rows(tmp_path)[0])


def test_features_and_r1_are_computed_where_they_are_asked_for(tmp_path):
    save_file(FeatureExtractor(4).layers.state_dict(), tmp_path / "f.safetensors")
    stage = {"features": 0.1, "discriminator": {**DISCRIMINATOR, "r1": 1.0}}
    config = recipe(2, model=TEXTURED, texture=stage, losses={"features_file": str(tmp_path / "f.safetensors")})
    train(config, tmp_path / "run")
    assert {"features", "r1"} <= rows(tmp_path / "run")[0].keys()


def test_a_flat_target_has_no_energy_to_be_compared_with():
    flat = [(np.full((32, 32, 3), 0.5, np.float32), np.full((32, 32, 3), 128, np.uint8))]
    figures = texture_figures(lambda x: x, lambda x: x, {"mix": flat})
    assert all(np.isfinite(value) for value in figures.values()) and figures["plain_energy"] < 1


def test_validation_tells_what_texture_does_and_that_structure_stays(tmp_path):
    train(textured(4, trunk="frozen", gan=1.0), tmp_path, cases=cases(pictures(2, 64), 1))
    row = [row for row in rows(tmp_path) if "mean" in row][-1]
    assert {"plain_energy", "textured_energy", "textured_mean", "low_drift"} <= row.keys()
    assert abs(row["low_drift"]) < 0.05
