"""How runs begin: anew, or from other weights."""

from pathlib import Path

import pytest
import torch

from harmonic.errors import UsageError, WeightsError
from harmonic.network.checkpoint import load_network
from harmonic.network.harmonic import Harmonic
from harmonic.train.recipe import Model
from harmonic.train.start import starting_from
from harmonic.train.validate import cases
from toys import pictures, recipe, rows, train


def test_a_start_that_fails_does_not_cost_the_old_run(tmp_path):
    train(recipe(), tmp_path)
    before = sorted(tmp_path.glob("state-*"))
    with pytest.raises(WeightsError):
        train(recipe(seed=1), tmp_path, resume=False, init=tmp_path / "gone.safetensors")
    assert before and sorted(tmp_path.glob("state-*")) == before
    (tmp_path / "bad-00000001-0.safetensors").touch()
    train(recipe(seed=1), tmp_path, resume=False, until=2)
    left = sorted(path.name for kind in ("state", "bad") for path in tmp_path.glob(f"{kind}-*"))
    assert left == [f"state-{step:08d}.safetensors" for step in (0, 2)]


def test_without_resuming_the_run_starts_anew(tmp_path):
    first = train(recipe(), tmp_path).read_bytes()
    assert train(recipe(seed=1), tmp_path, resume=False).read_bytes() != first
    assert [row["step"] for row in rows(tmp_path)] == list(range(1, 9))
    assert train(recipe(), tmp_path, resume=False).read_bytes() == first


def test_a_run_may_start_from_bundled_weights_by_their_name(tmp_path):
    heard = []
    narrower = Model(preset="fast", changes={"hf": {"tail": 8}, "floor": 0})
    train(recipe(1, model=narrower), tmp_path, init=Path("restore-fast"), say=heard.append)
    assert "restore-fast: 8 of" in heard[0] and "tensors do not fit and start anew" in heard[0]


def test_a_warm_start_takes_what_fits(tmp_path):
    given = load_network(train(recipe(), tmp_path))[0].state_dict()
    model = Harmonic(Model(preset="tiny", changes={"hf": {"tail": 8}}).config())
    fresh, share = starting_from(model, given)
    own = model.state_dict()
    assert set(fresh) == {name for name in own if name not in given or own[name].shape != given[name].shape}
    assert all(torch.equal(own[name], given[name]) for name in own.keys() - fresh)
    assert 0 < len(fresh) < len(own) / 2 and 0.5 < share < 1


def test_weights_of_another_network_are_no_start(tmp_path):
    weights = train(recipe(), tmp_path / "a")
    with pytest.raises(UsageError, match=r"only \d+% of the numbers"):
        train(recipe(model=Model(preset="fast")), tmp_path / "b", init=weights)


def test_weights_whose_gates_have_another_floor_are_no_start(tmp_path):
    """Every tensor would fit, and the network would begin with other outputs than those of the weights."""
    weights = train(recipe(model=Model(preset="tiny", changes={"floor": 0.0})), tmp_path / "a")
    with pytest.raises(UsageError, match=r"gates go down to 0, .* 0\.1; add model\.changes\.floor=0"):
        train(recipe(model=Model(preset="tiny")), tmp_path / "b", init=weights)


def test_a_warm_start_that_sees_another_border_is_told(tmp_path):
    heard, before = [], Model(preset="tiny", changes={"hf": {"beyond": "zeros"}})
    weights = train(recipe(1, model=before), tmp_path / "a")
    for number, model in enumerate((before, Model(preset="tiny"))):
        train(recipe(1, model=model), tmp_path / f"b{number}", init=weights, say=heard.append)
    assert len([line for line in heard if "see zeros around pictures, the recipe's edge" in line]) == 1


def test_a_warm_start_from_another_frame_is_told(tmp_path):
    heard, bare = [], recipe(1, model=Model(preset="tiny", scale=2, changes={"mirror": 0}))
    weights = train(bare, tmp_path / "a")
    train(recipe(1, model=Model(preset="tiny", scale=2)), tmp_path / "b", init=weights, say=heard.append)
    assert any("puts 0 mirrored pixels around pictures, the recipe's network 2" in line for line in heard)


def test_the_baseline_of_a_warm_start_and_the_best_outlive_a_pause(tmp_path):
    """Else a resumed run would neither sound its alarm nor keep the better weights of before."""
    good = cases(pictures(2, 64), 1)
    start = train(recipe(4), tmp_path / "a", cases=good)
    ruin = recipe(8, warmup=0, optimizer={"learning_rate": 0.5, "clip": 1e6}, ema=0.0)
    train(ruin, tmp_path / "b", cases=good, init=start, until=1)
    heard = []
    train(ruin, tmp_path / "b", cases=good, init=start, say=heard.append)
    assert any("alarm, validation fell from" in line for line in heard)
    assert load_network(tmp_path / "b" / "toy-best.safetensors")[1].step == 0
    assert [row["step"] for row in rows(tmp_path / "b") if "mean" in row] == [0, 4, 8]
