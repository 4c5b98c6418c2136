"""Runs of equal budget: a network of a line-up, its steps and its seed -> figures, kept in the folder of the run.

A run is finished when its `figures.json` is there, or its figures are in the file of results that is added to: so
runs of several machines make one table. Learning rates are chosen on validation crops alone; the test sets are scored
once, at the end. What the runs found becomes one file of results, with the figures of every picture.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from harmonic.errors import UsageError
from harmonic.images.atomic import atomic_write
from harmonic.measure.equal_training import (
    RATES,
    Build,
    Clock,
    crops_digest,
    recipe_of,
    stream_of,
    sweep,
    train_network,
)
from harmonic.measure.line_ups import LineUp
from harmonic.measure.origin import machine
from harmonic.measure.score import bench_quality
from harmonic.ops.eight_bit import to_float
from harmonic.train.data import read_training, read_validation
from harmonic.train.validate import Case, cases, validate
from harmonic.train.weights import by_network

FIGURES = "figures.json"

Figures = dict[str, Any]
"""network, steps, seed, rate, precision, sweep, minutes, machine, crops and pictures (digests), validation, tests: by
column, picture."""


def run_entrants(
    line_up: LineUp, names: Sequence[str], steps: int, seeds: int, data: Path, out: Path, clock: Clock,
    say: Callable[[str], None], earlier: Sequence[Figures] = (),
) -> None:  # fmt: skip
    """Train and score each named network with each seed, or take what is finished.

    data: a folder with `train/` (pictures, `val.txt`) and `test/`, or one folder for everything. earlier: runs that
    are not made again. Raises OutOfTime when the clock has run down, UsageError for an unknown network, a folder
    without validation crops or runs on different crops, PictureError.
    """
    for name in names:
        if name not in line_up.entrants:
            raise UsageError(f"{name}: no such network in {line_up.name}; choose from {', '.join(line_up.entrants)}")
    done = finished(line_up, out, earlier)
    open_runs = [(name, seed) for seed in range(seeds) for name in names
                 if (name, steps, seed) not in map(_key, done)]  # fmt: skip
    if not open_runs:
        return
    for name in dict(open_runs):
        line_up.entrants[name]()  # a missing package is told now
    training = data / "train" if (data / "train").is_dir() else data
    crops = read_validation(training)
    if not crops:
        raise UsageError(f"{training}: learning rates are chosen on the crops of val.txt, which is missing")
    # Larger by the enlargement and the margin of a sample, so that all networks meet all pictures.
    pictures, _ = read_training(training, line_up.scale * line_up.crop)
    held = cases(crops, line_up.scale)
    for seed in {seed for _, seed in open_runs}:  # refused now, not after hours of training
        recipe = recipe_of(line_up, steps, RATES[0], seed)
        stream = stream_of(recipe, pictures)
        _refuse_other_crops([*done, {"seed": seed, "crops": crops_digest(recipe, stream), "pictures": stream.digest}])
    for name, seed in open_runs:
        swept = next((run["sweep"] for run in done if _key(run)[:2] == (name, steps)), None)
        figures = run_entrant(line_up, name, steps, seed, pictures, held, data, out, clock, swept)
        done.append(figures)
        say(f"{name}, {steps} steps, seed {seed}: validation {figures['validation']['mean']:.2f} dB, "
            f"rate {figures['rate']:g}, {figures['minutes']:.1f} minutes")  # fmt: skip


def run_entrant(
    line_up: LineUp, name: str, steps: int, seed: int, pictures: Sequence[np.ndarray], held: dict[str, Case],
    data: Path, out: Path, clock: Clock, swept: Mapping[str, float] | None = None,
) -> Figures:  # fmt: skip
    """One run, from the choice of its learning rate to its figures on the test sets.

    swept: what another seed's run found of the rates, in either precision; they are not tried again then.
    """
    build: Build = line_up.entrants[name]
    if swept is None:
        found = sweep(build, line_up, steps, pictures, held, out / line_up.name / f"{name}-{steps}-sweep", clock)
        swept = {f"{rate:g}": round(mean, 3) for rate, mean in found.items()}
    rate = float(max(swept, key=lambda r: swept[r]))
    recipe = recipe_of(line_up, steps, rate, seed)
    stream, folder = stream_of(recipe, pictures), _folder(out, line_up, name, steps, seed)
    network, minutes = train_network(build, recipe, stream, folder, clock)
    figures: Figures = {
        "network": name, "steps": steps, "seed": seed, "rate": rate, "precision": line_up.precision,
        "sweep": dict(swept), "minutes": minutes, "machine": machine(),
        "crops": crops_digest(recipe, stream), "pictures": stream.digest,
        "validation": {case: round(value, 4) for case, value in validate(by_network(network), held).items()},
        "tests": tested(network, line_up, data),
    }  # fmt: skip
    atomic_write(folder / FIGURES, (json.dumps(figures, indent=1) + "\n").encode())
    return figures


def tested(network: nn.Module, line_up: LineUp, data: Path) -> dict[str, dict[str, float]]:
    """PSNR in dB of every picture, by column (set and setting), under the protocols of the suites."""
    restore = by_network(network)
    report = bench_quality(
        lambda picture: restore(to_float(picture) if picture.dtype == np.uint8 else picture),
        line_up.suites, data, scale=line_up.scale,
    )  # fmt: skip
    return {
        f"{score.data} {score.setting}": {p.picture: round(p.after.psnr, 4) for p in score.pictures}
        for score in report.scores
    }


def finished(line_up: LineUp, out: Path, earlier: Sequence[Figures] = ()) -> list[Figures]:
    """The figures of all runs of a line-up that are done, in the order of its networks; those in `out` come before
    earlier ones of the same network, steps and seed.

    Raises UsageError for runs that must not stand in one table: trained on different pictures, on different crops for
    one seed, or one run in two precisions.
    """
    own = [json.loads(path.read_text()) for path in sorted((out / line_up.name).glob(f"*/{FIGURES}"))]
    before = {_key(run): run for run in earlier}
    for run in own:
        other = before.get(_key(run))
        if other and precision_of(run) != precision_of(other):
            raise UsageError(f"{out / line_up.name}: {run['network']} was trained in {precision_of(run)}, for the file "
                             "of results in another precision; give another --out or --results")  # fmt: skip
    found = list((before | {_key(run): run for run in own}).values())
    _refuse_other_crops(found)
    order = list(line_up.entrants)
    return sorted(found, key=lambda run: (order.index(run["network"]), run["steps"], run["seed"]))


def precision_of(run: Figures) -> str:
    """Figures that do not tell are of bf16."""
    return run.get("precision", "bf16")


def _refuse_other_crops(runs: Sequence[Figures]) -> None:
    """Raises UsageError."""
    crops: dict[int, str] = {}
    for run in runs:
        same = crops.setdefault(run["seed"], run["crops"]) == run["crops"]
        if not same or run["pictures"] != runs[0]["pictures"]:
            one = f"{run.get('network', 'what is to be trained')}, seed {run['seed']}"
            raise UsageError(f"{one}: other training pictures or crops than {runs[0]['network']}'s; give each set of "
                             "pictures its own --out and --results")  # fmt: skip


def _key(run: Figures) -> tuple[str, int, int]:
    return run["network"], run["steps"], run["seed"]


def _folder(out: Path, line_up: LineUp, name: str, steps: int, seed: int) -> Path:
    return out / line_up.name / f"{name}-{steps}-{seed}"
