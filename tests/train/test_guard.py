"""Steps that go wrong never reach the weights, and a run that cannot go on says so."""

import pytest
import torch

from harmonic.errors import TrainingError
from harmonic.network.checkpoint import load_network
from harmonic.train import loop
from harmonic.train.__main__ import main
from harmonic.train.guard import is_bad, note_bad, note_good
from harmonic.train.recipe import Guard
from harmonic.train.state import Progress
from toys import recipe, rows, train


@pytest.fixture
def poisoned(monkeypatch):
    """Make the loss of chosen calls, from 0 on, not a number."""

    def poison(calls):
        true_losses, count = loop.losses, iter(range(10**6))

        def broken(*args):
            factor = float("nan") if next(count) in calls else 1.0
            return {name: value * factor for name, value in true_losses(*args).items()}

        monkeypatch.setattr(loop, "losses", broken)

    return poison


def test_a_step_that_is_not_finite_is_skipped_counted_and_kept(tmp_path, poisoned, capsys):
    poisoned({2})
    heard = []
    weights = train(recipe(6), tmp_path, say=heard.append)
    log = rows(tmp_path)
    assert [row["step"] for row in log] == [1, 2, 3, 4, 5, 6] and [row["skipped"] for row in log] == [0, 0, 1, 1, 1, 1]
    assert "step 2: not taken" in heard[0] and "bad-00000002-0.safetensors" in heard[0]
    load_network(weights)  # refuses values that are not finite
    assert main(["--replay", str(tmp_path / "bad-00000002-0.safetensors")]) == 0
    assert "part 0, fp32" in capsys.readouterr().out


def test_a_replay_names_what_broke(tmp_path, monkeypatch, capsys):
    """A weight that is not finite is found by the module it belongs to."""
    true_predict = loop.predict

    def ruin(model, batch, generate):
        next(model.bottleneck.parameters()).data.fill_(float("nan"))
        return true_predict(model, batch, generate)

    monkeypatch.setattr(loop, "predict", ruin)
    with pytest.raises(TrainingError):
        train(recipe(8, guard={"patience": 1, "rollbacks": 0}), tmp_path)
    assert main(["--replay", str(tmp_path / "bad-00000000-0.safetensors")]) == 0
    assert "not finite: output of bottleneck.0" in capsys.readouterr().out


def test_too_many_bad_steps_return_to_the_last_good_state_at_half_the_rate(tmp_path, poisoned):
    poisoned({5, 6})
    heard = []
    train(recipe(12, guard={"patience": 1}), tmp_path, say=heard.append)
    assert "back to step 4, at half the learning rate and with other samples" in heard
    log = rows(tmp_path)
    assert [row["step"] for row in log] == list(range(1, 13))  # rows of the abandoned way are gone
    assert log[5]["lr"] == pytest.approx(log[3]["lr"] / 2)


def test_a_run_that_returns_again_and_again_gives_up(tmp_path, poisoned):
    poisoned(set(range(4, 1000)))
    with pytest.raises(TrainingError, match="after 2 returns; look at a bad step with --replay"):
        train(recipe(12, guard={"patience": 1, "rollbacks": 2}), tmp_path)
    assert TrainingError.exit_code == 5
    assert len(list(tmp_path.glob("bad-*.safetensors"))) == 3  # no more, whatever happens


def test_a_run_resumed_after_its_return_is_bit_equal(tmp_path, poisoned):
    poisoned({5, 6})
    whole = train(recipe(12, guard={"patience": 1}), tmp_path / "whole")
    poisoned({5, 6})
    train(recipe(12, guard={"patience": 1}), tmp_path / "cut", until=10)
    assert train(recipe(12, guard={"patience": 1}), tmp_path / "cut").read_bytes() == whole.read_bytes()


def test_a_spike_is_a_bad_step_only_where_the_guard_asks():
    progress = Progress()
    for loss in [1.0] * 30:
        note_good(Guard(spike=10), progress, loss)
    assert is_bad(Guard(spike=10), progress, 11.0, [1.0]) and not is_bad(Guard(spike=10), progress, 9.0, [1.0])
    assert not is_bad(Guard(), progress, 1e9, [1.0])
    assert is_bad(Guard(), progress, 1.0, [float("inf")])


def test_only_bad_steps_of_the_last_hundred_count():
    progress, guard = Progress(), Guard(patience=2)
    for step, too_many in ((0, False), (1, False), (150, False), (200, False), (210, True)):
        progress.step = step
        assert note_bad(guard, progress) is too_many
    assert progress.skipped == 5


def test_a_warm_start_that_gets_worse_than_the_guard_bears_ends(tmp_path):
    from harmonic.train.validate import cases
    from toys import pictures

    good = cases(pictures(2, 64), 1)
    start = train(recipe(4), tmp_path / "a", cases=good)
    ruin = {"optimizer": {"learning_rate": 0.5, "clip": 1e6}, "guard": {"worse": 0.5}, "ema": 0.0}
    with pytest.raises(TrainingError, match=r"guard.worse allows 0.5; the best weights are in toy-best"):
        train(recipe(8, warmup=0, **ruin), tmp_path / "b", cases=good, init=start)
    assert torch.isfinite(next(load_network(tmp_path / "b" / "toy-best.safetensors")[0].parameters())).all()
