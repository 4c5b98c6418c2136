"""Several processes do what one does: same samples, same steps; and either goes on with the other's run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from harmonic.errors import UsageError
from harmonic.train import loop
from harmonic.train.ranks import Ranks
from toys import pictures, recipe, rows, train

CPU = torch.device("cpu")


def test_shares_cover_the_batch_once():
    for size, parts in ((1, 1), (2, 1), (2, 2), (4, 2)):
        shares = [Ranks(rank, size, CPU).share(8, parts) for rank in range(size)]
        assert all(len(share) == parts for share in shares)
        assert [index for share in shares for part in share for index in part] == list(range(8))


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(UsageError, match="choose a multiple of 6"):
        Ranks(0, 3, CPU).share(8, 2)


def test_a_batch_of_a_later_phase_that_cannot_be_shared_is_refused_at_the_start(tmp_path, monkeypatch):
    """Not when the phase comes, in the second night."""
    phases = [{"batch": 8, "crop": 32}, {"start": 0.5, "batch": 6, "crop": 32}]
    monkeypatch.setattr(loop, "joined", lambda _: Ranks(0, 4, CPU))
    with pytest.raises(UsageError, match="batch 6 cannot be shared by 4 processes"):
        train(recipe(schedule={"phases": phases}), tmp_path)


def test_alone_nothing_is_exchanged():
    alone = Ranks(0, 1, CPU)
    assert alone.largest([1.0, 2.0]) == [1.0, 2.0] and alone.means({"a": 1.0}) == {"a": 1.0}
    assert alone.from_first(lambda: "x") == "x" and alone.first


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One process with batch 4; two processes; two processes until step 6, then one."""
    folder = tmp_path_factory.mktemp("ranks")
    config = recipe(12, batch=4, save_every=6).model_dump(mode="json")
    (folder / "r.yaml").write_text(yaml.safe_dump(config))
    (folder / "data").mkdir()
    for number, picture in enumerate(pictures()):
        Image.fromarray(picture).save(folder / "data" / f"{number}.png")

    def call(name, processes, steps, *more):
        start = [sys.executable, "-m"]
        if processes > 1:
            start += ["torch.distributed.run", "--nproc-per-node", str(processes), "--standalone", "-m"]
        arguments = ["harmonic.train", str(folder / "r.yaml"), f"schedule.steps={steps}", "schedule.cooldown=0"]
        done = subprocess.run(
            [*start, *arguments, "--data", str(folder / "data"), "--out", str(folder / name), *more],
            capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done

    call("one", 1, 12)
    call("two", 2, 12)
    call("mixed", 2, 6)
    told = call("mixed", 1, 12).stderr
    return {name: rows(folder / name) for name in ("one", "two", "mixed")}, told, call


@pytest.mark.parametrize("name", ["two", "mixed"])
def test_two_processes_train_like_one_with_the_doubled_batch(runs, name):
    """R3.12: losses within 1e-6, relative, step by step; nothing but the order of sums differs."""
    losses = [[row["loss"] for row in runs[0][run]] for run in ("one", name)]
    assert len(losses[0]) == len(losses[1]) == 12
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)


SCRIPT = """
import os
import signal
import sys
from pathlib import Path
import torch
from harmonic.errors import TrainingError, UsageError
from harmonic.train import loop
from harmonic.train.ranks import joined, left
from toys import recipe, train

ranks, out = joined(torch.device("cpu")), Path(sys.argv[1])
config = recipe(6, batch=4, log_every=2, save_every=6, guard={"spike": 100})
paths = [train(config, out / "whole")]
train(config, out / "cut", until=3)
paths += [train(config, out / "cut")]

def refused(kind, **options):
    try:
        train(recipe(6, batch=4, **options), out / "whole")
    except kind as error:
        return str(error)

told = [refused(UsageError, seed=1)]  # known to the first process alone
try:  # only the first process is asked to end
    ask = lambda row: os.kill(os.getpid(), signal.SIGTERM) if row["step"] == 2 else None
    train(config, out / "ended", report=ask)
except KeyboardInterrupt:
    told.append("ended")
true_losses, count, said = loop.losses, iter(range(99)), []
def broken(*args):
    factor = float("nan") if next(count) == 2 and ranks.rank == 1 else 1.0
    return {name: value * factor for name, value in true_losses(*args).items()}
loop.losses = broken
train(config, out / "bad", say=said.append)
Path(out / f"heard-{ranks.rank}").write_text("|".join([*map(str, paths + told), *said]))
left()
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two processes that run SCRIPT in a folder -> the folder, what each of the two heard."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "script.py").write_text(SCRIPT)
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone",
         str(folder / "script.py"), str(folder)],
        capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, [(folder / f"heard-{rank}").read_text().split("|") for rank in range(2)]


@pytest.mark.long
def test_a_resumed_run_of_two_processes_has_the_log_of_the_unbroken_one(pair):
    """Means since the last row included, which each process had summed for itself."""
    logs = [[(row["step"], row["loss"], row["norm"]) for row in rows(pair[0] / name)] for name in ("whole", "cut")]
    assert logs[0] == logs[1] and len(logs[0]) == 3
    assert (pair[0] / "whole" / "toy.safetensors").read_bytes() == (pair[0] / "cut" / "toy.safetensors").read_bytes()


def test_what_the_first_process_refuses_all_refuse_instead_of_waiting(pair):
    assert all("belongs to another recipe" in heard[2] for heard in pair[1])
    assert pair[1][0][:3] == pair[1][1][:3]  # the weights file is named in both


def test_a_signal_to_one_process_ends_all_of_them_with_a_state(pair):
    assert all(heard[3] == "ended" for heard in pair[1])
    assert (pair[0] / "ended" / "state-00000002.safetensors").exists()


def test_a_step_that_one_process_finds_bad_is_taken_by_none_told_and_kept(pair):
    folder, (first, second) = pair
    assert "step 2: not taken (loss nan" in first[4] and "of the process that it went wrong in" in first[4]
    assert len(second) == 4
    assert [path.name for path in (folder / "bad").glob("bad-*")] == ["bad-00000002-0-1.safetensors"]
    assert [row["skipped"] for row in rows(folder / "bad")] == [0, 1, 1]


@pytest.mark.long
def test_a_rehearsal_by_two_processes_ends_well(runs):
    done = runs[2]("check", 2, 12, "--check")
    assert done.stdout.count("an equal state, bit for bit") == 1


def test_a_change_of_the_number_of_processes_is_told(runs):
    assert "processes was 2 and is 1 now" in runs[1]
