"""Several processes do what one does: same samples, same steps; and either goes on with the other's run."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from harmonic.errors import UsageError
from harmonic.train.ranks import Ranks
from toys import pictures, recipe, rows

CPU = torch.device("cpu")


def test_shares_cover_the_batch_once():
    for size, parts in ((1, 1), (2, 1), (2, 2), (4, 2)):
        shares = [Ranks(rank, size, CPU).share(8, parts) for rank in range(size)]
        assert all(len(share) == parts for share in shares)
        assert [index for share in shares for part in share for index in part] == list(range(8))


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(UsageError, match="choose a multiple of 6"):
        Ranks(0, 3, CPU).share(8, 2)


def test_alone_nothing_is_exchanged():
    alone = Ranks(0, 1, CPU)
    assert alone.largest([1.0, 2.0]) == [1.0, 2.0] and alone.means({"a": 1.0}) == {"a": 1.0}
    assert alone.from_first("x") == "x" and alone.first


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One process with batch 4; two processes; two processes until step 6, then one."""
    folder = tmp_path_factory.mktemp("ranks")
    config = recipe(12, batch=4, save_every=6).model_dump(mode="json")
    (folder / "r.yaml").write_text(yaml.safe_dump(config))
    (folder / "data").mkdir()
    for number, picture in enumerate(pictures()):
        Image.fromarray(picture).save(folder / "data" / f"{number}.png")

    def call(name, processes, steps):
        start = [sys.executable, "-m"]
        if processes > 1:
            start += ["torch.distributed.run", "--nproc-per-node", str(processes), "--standalone", "-m"]
        arguments = ["harmonic.train", str(folder / "r.yaml"), f"schedule.steps={steps}", "schedule.cooldown=0"]
        done = subprocess.run(
            [*start, *arguments, "--data", str(folder / "data"), "--out", str(folder / name)],
            capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done

    call("one", 1, 12)
    call("two", 2, 12)
    call("mixed", 2, 6)
    told = call("mixed", 1, 12).stderr
    return {name: rows(folder / name) for name in ("one", "two", "mixed")}, told


@pytest.mark.parametrize("name", ["two", "mixed"])
def test_two_processes_train_like_one_with_the_doubled_batch(runs, name):
    """R3.12: losses within 1e-6, relative, step by step; nothing but the order of sums differs."""
    losses = [[row["loss"] for row in runs[0][run]] for run in ("one", name)]
    assert len(losses[0]) == len(losses[1]) == 12
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)


def test_a_change_of_the_number_of_processes_is_told(runs):
    assert "processes was 2 and is 1 now" in runs[1]
