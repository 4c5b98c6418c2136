"""Trainings for one budget, with networks of a few hundred parameters and a handful of steps."""

import json
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from harmonic.errors import UsageError
from harmonic.measure import equal_training
from harmonic.measure.equal_budget import finished, run_entrants
from harmonic.measure.equal_results import RUN, collected, read_results, write_results
from harmonic.measure.equal_training import Clock, OutOfTime, crops_digest, recipe_of, stream_of, train_network
from harmonic.measure.line_ups import RESTORATION, LineUp, line_up_named
from toys import pictures as smooth_pictures


class Residual(nn.Conv2d):
    """x + conv(x); writes down what it is trained on."""

    def __init__(self, kernel: int, seen: list[str]):
        super().__init__(3, 3, kernel, padding=kernel // 2)
        self.seen = seen

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen.append(sha256(x.contiguous().numpy().tobytes()).hexdigest())
        return x + super().forward(x)


@pytest.fixture
def seen() -> dict[str, list[str]]:
    return {"fast": [], "peer": []}


@pytest.fixture
def toy(seen) -> LineUp:
    """Two networks, crops of 16², one suite."""
    entrants = {"fast": lambda: Residual(3, seen["fast"]), "peer": lambda: Residual(1, seen["peer"])}
    return replace(RESTORATION, name="toy", entrants=entrants, crop=16, batch=2, suites=RESTORATION.suites[:1])


@pytest.fixture
def data(folder, tmp_path) -> Path:
    place = tmp_path / "pictures"
    shutil.copytree(folder, place)
    (place / "val.txt").write_text("Arcs.png 0 0 32 32\nbars.png 8 8 32 32\n")
    return place


def run(toy: LineUp, data: Path, out: Path, clock: Clock = Clock(), names=("fast", "peer"), steps=4, seeds=1) -> None:
    run_entrants(toy, names, steps, seeds, data, out, clock, lambda _: None)


def test_every_network_trains_on_the_same_crops_and_other_seeds_on_others(toy, seen, data, tmp_path):
    run(toy, data, tmp_path / "out", seeds=2)
    assert seen["fast"] == seen["peer"]
    assert len(set(seen["fast"])) == 8  # four steps of each of two seeds; the sweep's are among them
    runs = finished(toy, tmp_path / "out")
    assert [(r["network"], r["seed"]) for r in runs] == [("fast", 0), ("fast", 1), ("peer", 0), ("peer", 1)]
    assert len({r["crops"] for r in runs}) == 2


def test_the_rate_is_the_one_that_validates_best_and_pictures_are_kept_singly(toy, data, tmp_path):
    run(toy, data, tmp_path / "out", names=("peer",))
    (figures,) = finished(toy, tmp_path / "out")
    assert figures["sweep"][f"{figures['rate']:g}"] == max(figures["sweep"].values())
    assert list(figures["sweep"]) == ["0.0004", "0.001", "0.0025"]
    assert list(figures["tests"]["pictures sigma 25"]) == ["Arcs", "bars", "dots"]
    assert {"noise25", "jpeg10", "blur2", "mix", "clean", "mean"} == set(figures["validation"])


def test_another_seed_trains_at_the_rate_that_was_found_before(toy, seen, data, tmp_path):
    run(toy, data, tmp_path / "there", names=("peer",))
    (first,) = finished(toy, tmp_path / "there")
    earlier = [first | {"precision": "fp32", "sweep": {"0.0004": 20.0, "0.001": 21.0, "0.0025": 19.0}}]
    seen["peer"].clear()
    run_entrants(toy, ("peer",), 4, 2, data, tmp_path / "here", Clock(), lambda _: None, earlier)
    (second,) = finished(toy, tmp_path / "here")
    assert (second["seed"], second["rate"], second["sweep"]) == (1, 0.001, earlier[0]["sweep"])
    assert len(seen["peer"]) == 4  # its own steps alone


def test_a_finished_run_is_not_made_again(toy, seen, data, tmp_path):
    run(toy, data, tmp_path / "out")
    before = len(seen["fast"])
    run(toy, data, tmp_path / "out")
    assert len(seen["fast"]) == before


def test_runs_of_another_machine_stand_in_the_table_and_are_not_made_again(toy, seen, data, tmp_path):
    none = read_results(toy, None)
    assert read_results(toy, tmp_path / "results") == none
    run(toy, data, tmp_path / "there", names=("fast",))
    first = collected(toy, tmp_path / "there", none)
    write_results(first | {"costs": {"fast": {"gmac": 1.0}}, "timed_on": "that machine"}, tmp_path, None)

    earlier, trained = read_results(toy, tmp_path), len(seen["fast"])
    run_entrants(toy, ("fast", "peer"), 4, 1, data, tmp_path / "here", Clock(), lambda _: None, earlier["runs"])
    assert len(seen["fast"]) == trained
    content = collected(toy, tmp_path / "here", earlier)
    assert [run["network"] for run in content["runs"]] == ["fast", "peer"]
    assert content["runs"][0] == first["runs"][0]
    assert (content["timed_on"], content["costs"]) == ("that machine", {"fast": {"gmac": 1.0}})

    (own,) = finished(toy, tmp_path / "here")
    again = {**own, "minutes": 99.0}
    assert finished(toy, tmp_path / "here", [again]) == [own]  # what was made here is newer
    other = first["runs"][0]
    for changed in ({"crops": "0"}, {"seed": 1, "crops": "0", "pictures": "others"}):
        with pytest.raises(UsageError, match="other training pictures or crops than fast's"):
            finished(toy, tmp_path / "here", [other | changed])
        with pytest.raises(UsageError, match="other training pictures or crops"):  # before any training
            run_entrants(toy, ("peer",), 9, 1, data, tmp_path / "new", Clock(), lambda _: None, [other | changed])
    with pytest.raises(UsageError, match="peer was trained in bf16, for the file of results in another precision"):
        finished(toy, tmp_path / "here", [own | {"precision": "fp32"}])


def test_a_file_that_holds_no_results_is_refused_and_kept(toy, tmp_path):
    run = {key: {} for key in RUN} | {"network": "fast"}
    whole = {"table": "toy", "runs": [run], "costs": {}, "timed_on": "", "side": 8}
    file = tmp_path / "equal-budget-toy.json"
    file.write_text(json.dumps(whole))
    assert read_results(toy, tmp_path)["runs"] == [run]
    fewer = {"network": "peer", "tests": {"column": {"a": 1.0}}}
    for wrong in ({"table": "x4"}, {"runs": 3}, {"runs": [{}]}, {"runs": [run | {"network": "gone"}]},
                  {"runs": [run, run | fewer]}):  # fmt: skip
        text = json.dumps(whole | wrong)
        file.write_text(text)
        with pytest.raises(UsageError, match="move it away, or give another --results"):
            read_results(toy, tmp_path)
        assert file.read_text() == text
    file.write_text("{")
    with pytest.raises(UsageError, match="move it away"):
        read_results(toy, tmp_path)
    with pytest.raises(UsageError, match="a file stands where the folder of results should be"):
        read_results(toy, file)


def test_a_finished_training_is_not_taken_for_one_of_another_rate_or_precision(toy, tmp_path):
    pictures, build = smooth_pictures(2, 40), toy.entrants["fast"]
    recipe = recipe_of(toy, 4, 1e-3, 0)
    stream = stream_of(recipe, pictures)
    train_network(build, recipe, stream, tmp_path, Clock())
    for other in (recipe_of(toy, 4, 2e-3, 0), recipe_of(replace(toy, precision="fp32"), 4, 1e-3, 0)):
        with pytest.raises(UsageError, match="holds a run of another rate, precision or length"):
            train_network(build, other, stream, tmp_path, Clock())


def test_the_precision_of_training_is_told_and_an_unknown_one_refused(toy, data, tmp_path):
    run(replace(toy, precision="fp32"), data, tmp_path, names=("peer",))
    assert finished(toy, tmp_path)[0]["precision"] == "fp32"
    assert recipe_of(toy, 4, 1e-3, 0).precision == "bf16"
    assert line_up_named("x4", "fp32").precision == "fp32"
    with pytest.raises(UsageError, match="fp8: no such precision; choose from fp32, bf16"):
        line_up_named("x4", "fp8")


class Few(Clock):
    """A clock that runs down at the n-th look."""

    def __init__(self, looks: int):
        object.__setattr__(self, "left", [None] * looks)

    def check(self) -> None:
        if not self.left:  # type: ignore[attr-defined]
            raise OutOfTime
        self.left.pop()  # type: ignore[attr-defined]


def test_a_training_that_ran_out_of_time_goes_on_to_the_same_weights_and_repeats_no_step(
    toy, seen, tmp_path, monkeypatch
):
    monkeypatch.setattr(equal_training, "CHUNK", 2)
    recipe, pictures = recipe_of(toy, 7, 1e-3, 0), smooth_pictures(2, 40)
    stream = stream_of(recipe, pictures)
    build = toy.entrants["fast"]
    whole, _ = train_network(build, recipe, stream, tmp_path / "whole", Clock())
    crops = list(seen["fast"])
    for looks, steps in ((2, 4), (1, 6)):  # the clock is obeyed in what goes on, too
        with pytest.raises(OutOfTime):
            train_network(build, recipe, stream, tmp_path / "parts", Few(looks))
        assert seen["fast"] == [*crops, *crops[:steps]]
    assert not (tmp_path / "parts" / "weights.safetensors").exists()
    parts, _ = train_network(build, recipe, stream, tmp_path / "parts", Clock())
    assert seen["fast"] == [*crops, *crops]
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parts.parameters(), strict=True))
    assert not list((tmp_path / "parts").glob("state-*"))


def test_a_run_is_cooled_down_at_its_own_length(toy):
    short, long = (recipe_of(toy, steps, 1e-3, 0).schedule for steps in (4000, 10_000))
    assert (short.warmup, long.warmup, short.cooldown, long.cooldown) == (200, 500, 0.2, 0.2)


def test_the_digest_of_crops_knows_seed_and_pictures_and_not_the_rate(toy):
    pictures = smooth_pictures(2, 40)

    def digest(steps: int, rate: float, seed: int, some: list) -> str:
        recipe = recipe_of(toy, steps, rate, seed)
        return crops_digest(recipe, stream_of(recipe, some))

    one = digest(4, 1e-3, 0, pictures)
    assert digest(40, 1e-4, 0, pictures) == one
    assert digest(4, 1e-3, 1, pictures) != one
    assert digest(4, 1e-3, 0, pictures[::-1]) != one


def test_runs_on_other_crops_are_refused(toy, data, tmp_path):
    run(toy, data, tmp_path / "out")
    file = tmp_path / "out" / "toy" / "peer-4-0" / "figures.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"crops": "0"}))
    with pytest.raises(UsageError, match="peer, seed 0: other training pictures or crops than fast's"):
        finished(toy, tmp_path / "out")


def test_wrong_names_and_missing_crops_are_refused_before_any_training(toy, seen, folder, data, tmp_path):
    with pytest.raises(UsageError, match="no such network in toy; choose from fast, peer"):
        run(toy, data, tmp_path, names=("fast", "worst"))
    with pytest.raises(UsageError, match=r"val\.txt, which is missing"):
        run(toy, folder, tmp_path)
    assert not seen["fast"]
