"""Work on Ray: dead workers cost nothing but time, and the ledger has each result once. The rules are tried on a
stand-in for Ray that runs everything in this process; the long test kills processes of the real one.
"""

import importlib.util
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from harmonic.errors import ResourceError, UsageError
from harmonic.restore import crew
from harmonic.restore.batch import Done, Failed, Skipped, restore_files
from harmonic.restore.crew import Crew
from harmonic.restore.file import Settings
from harmonic.restore.ledger import LEDGER_NAME, Ledger
from harmonic.restore.restorer import Restorer


class Death(BaseException):
    """Of a worker: nothing in Python catches it."""


class RayError(Exception):
    pass


class RayTaskError(RayError):
    cause: Exception


@dataclass(eq=False)
class Reference:
    answer: object


class StandIn:
    """As much of Ray as is used; each call is run when it is made."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self):
        self.hired, self.killed = 0, 0

    def remote(self, **_):
        def bound(method):
            def call(*arguments):
                try:
                    return Reference(method(*arguments))
                except Death:
                    return Reference(RayError("died"))

            return SimpleNamespace(remote=call)

        def hire(*arguments):
            self.hired += 1
            worker = crew._Worker(*arguments)
            return SimpleNamespace(start=bound(worker.start), restore=bound(worker.restore))

        return lambda _: SimpleNamespace(remote=hire)

    def wait(self, references, num_returns):
        return references[-num_returns:], references[:-num_returns]

    def get(self, reference):
        if isinstance(reference.answer, Exception) and not isinstance(reference.answer, ResourceError):
            raise reference.answer
        return reference.answer

    def kill(self, _):
        self.killed += 1

    def cluster_resources(self):
        return {"CPU": 4}


@pytest.fixture
def ray(monkeypatch):
    ray = StandIn()

    @contextmanager
    def cluster(_):
        yield ray

    monkeypatch.setattr(crew, "_cluster", cluster)
    return ray


@pytest.fixture
def restorer(tiny_weights):
    return Restorer(tiny_weights, device="cpu", precision="fp32")


@pytest.fixture
def pairs(tmp_path):
    (tmp_path / "in").mkdir()
    for index in range(6):
        pixels = np.random.default_rng(index).integers(0, 256, (12, 10 + index, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{index}.png")
    (tmp_path / "in" / "4.png").write_text("no picture")
    return [(tmp_path / "in" / f"{index}.png", tmp_path / "out" / f"{index}.png") for index in range(6)]


def run(restorer, pairs, settings=Settings(), workers=2):
    with Ledger(pairs[0][1].parent) as ledger:
        outcomes = list(Crew(workers).restore_files(restorer, pairs, settings, ledger=ledger))
    return {int(outcome.source.stem): type(outcome) for outcome in outcomes}


def done(pairs):
    lines = (pairs[0][1].parent / LEDGER_NAME).read_text().splitlines()
    return sorted(entry["target"] for entry in map(json.loads, lines) if entry["state"] == "done")


def dying(monkeypatch, name, times):
    """Let the worker die at that function of a batch, so often for each file, the work of the function done or not."""
    inner, left = getattr(crew.Stages, name), dict(times)

    def mortal(self, given, *more):
        result = inner(self, given, *more) if name == "written" else None
        stem = getattr(given[0], "opened", given[0]).source.stem
        if left.get(stem, 0):
            left[stem] -= 1
            raise Death
        return result or inner(self, given, *more)

    monkeypatch.setattr(crew.Stages, name, mortal)


EXPECTED = {0: Done, 1: Done, 2: Done, 3: Done, 4: Failed, 5: Done}


def test_results_are_the_bytes_of_the_local_run_and_a_second_run_does_nothing(ray, restorer, pairs, tmp_path):
    assert run(restorer, pairs) == EXPECTED and ray.hired == 2 == ray.killed
    local = [(source, tmp_path / "local" / target.name) for source, target in pairs]
    list(restore_files(restorer, local, Settings()))
    assert all(a.read_bytes() == b.read_bytes() for (_, a), (_, b) in zip(pairs, local, strict=True) if a.stem != "4")
    assert run(restorer, pairs) == {index: Failed if index == 4 else Skipped for index in range(6)}
    assert done(pairs) == ["0.png", "1.png", "2.png", "3.png", "5.png"]


@pytest.mark.parametrize("moment", ["restored", "written"])
def test_a_death_before_or_after_the_result_is_written_costs_a_worker_and_nothing_else(
    ray, restorer, pairs, monkeypatch, moment
):
    dying(monkeypatch, moment, {"1": 1, "5": 1})
    assert run(restorer, pairs) == EXPECTED and ray.hired == 4
    assert done(pairs) == ["0.png", "1.png", "2.png", "3.png", "5.png"]


@pytest.mark.parametrize("moment", ["restored", "written"])
def test_a_file_over_which_two_workers_die_has_failed_and_may_be_tried_again(ray, restorer, pairs, monkeypatch, moment):
    with monkeypatch.context() as patch:
        dying(patch, moment, {"2": 9})
        assert run(restorer, pairs) == {**EXPECTED, 2: Failed} and ray.hired == 4
    failed = {index: Failed if index == 4 else Skipped for index in range(6)}
    assert run(restorer, pairs) == {**failed, 2: Done}


def test_workers_that_die_while_they_start_end_the_run(ray, restorer, pairs, monkeypatch):
    def dead(_):
        raise Death

    monkeypatch.setattr(crew._Worker, "start", dead)
    with pytest.raises(ResourceError, match="workers die while they start"):
        run(restorer, pairs)


def test_what_a_worker_cannot_load_ends_the_run_with_its_own_words(ray, restorer, pairs):
    def lost():
        raise ResourceError("weights: are not here")

    restorer.again = lost
    with pytest.raises(ResourceError, match="weights: are not here"):
        run(restorer, pairs)


def test_an_error_that_nobody_foresaw_costs_its_file(ray, restorer, pairs, monkeypatch):
    inner = crew.Stages.restored

    def odd(self, given, progress):
        if getattr(given[0], "source", pairs[0][0]).stem == "3":
            raise ZeroDivisionError("odd")
        return inner(self, given, progress)

    monkeypatch.setattr(crew.Stages, "restored", odd)
    assert run(restorer, pairs) == {**EXPECTED, 3: Failed}


def test_what_exists_already_is_refused(ray, restorer, pairs):
    pairs[0][1].parent.mkdir()
    pairs[0][1].write_bytes(b"precious")
    assert run(restorer, pairs) == {**EXPECTED, 0: Failed}
    assert pairs[0][1].read_bytes() == b"precious"


def test_without_ray_the_extra_is_named(restorer, pairs, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"^--engine ray: needs the extra `ray`; run pip install"):
        run(restorer, pairs)


DRIVER = """
import json, os, signal, sys
from pathlib import Path
from harmonic.restore import batch
from harmonic.restore.batch import Stages
from harmonic.restore.crew import Crew
from harmonic.restore.file import Settings
from harmonic.restore.ledger import Ledger
from harmonic.restore.restorer import Restorer

folder, weights = Path(sys.argv[1]), sys.argv[2]

def mortal(make):
    '''A restorer in a process that is killed at its first try of every 20th file: before or after it is written.'''
    def kill(source, each):
        number, mark = int(source.stem), folder / "deaths" / source.stem
        if number % 40 == each and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    restored, written = Stages.restored, Stages.written
    def restored_or_killed(self, given, progress):
        kill(given[0].source, 0)
        return restored(self, given, progress)
    def written_then_killed(self, given):
        outcome = written(self, given)
        kill(outcome.source, 20)
        return outcome
    Stages.restored, Stages.written = restored_or_killed, written_then_killed
    return make()

restorer = Restorer(weights, device="cpu", precision="fp32")
make = restorer.again
restorer.again = lambda: mortal(make)
pairs = [(source, folder / "out" / source.name) for source in sorted((folder / "in").iterdir())]
with Ledger(folder / "out") as ledger:
    kinds = [type(o).__name__ for o in Crew(2).restore_files(restorer, pairs, Settings(), ledger=ledger)]
print(json.dumps({kind: kinds.count(kind) for kind in set(kinds)}))
"""


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="kills processes")
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra `ray`, which is 70 MB")
def test_of_1000_files_50_are_broken_50_kill_their_worker_and_950_come_out_once(tiny_weights, tmp_path):
    """R2.11: the same bytes as without Ray, one file, one line of the ledger."""
    for name in ("in", "deaths"):
        (tmp_path / name).mkdir()
    for index in range(1000):
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{index:04}.png")
    for index in range(10, 1000, 20):
        (tmp_path / "in" / f"{index:04}.png").write_bytes(b"no picture")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", DRIVER, tmp_path, tiny_weights]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3600)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1]) == {"Done": 950, "Failed": 50}
    assert len(list((tmp_path / "deaths").iterdir())) == 50
    local = Restorer(tiny_weights, device="cpu", precision="fp32")
    pairs = [(source, tmp_path / "local" / source.name) for source in sorted((tmp_path / "in").iterdir())]
    list(restore_files(local, pairs, Settings()))
    pairs = [(source, target) for source, target in pairs if target.exists()]
    assert len(pairs) == 950
    assert all((tmp_path / "out" / target.name).read_bytes() == target.read_bytes() for _, target in pairs)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [*(t.name for _, t in pairs), LEDGER_NAME]
    outs = [(source, tmp_path / "out" / target.name) for source, target in pairs]
    assert done(outs) == [target.name for _, target in pairs]
