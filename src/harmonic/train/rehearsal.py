"""`--check`: everything that a long run will need, once, in a minute; `--plan`: how long it will take."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import torch

from harmonic.errors import TrainingError
from harmonic.network.harmonic import Harmonic
from harmonic.restore.device import pick_device
from harmonic.train.loop import train
from harmonic.train.ranks import joined
from harmonic.train.recipe import Recipe, Schedule
from harmonic.train.samples import Stream
from harmonic.train.state import latest_state
from harmonic.train.validate import Case, validate
from harmonic.train.weights import restoring

STEPS = 2  # of each phase that is rehearsed


def check(recipe: Recipe, stream: Stream, cases: Mapping[str, Case], device: str, init: Path | None) -> Iterator[str]:
    """Two steps of every phase, validation on one picture, save, resume, and a restored picture -> a line for each.

    Raises TrainingError when the resumed run differs (a GPU's may: it adds in an order of its own), and whatever the
    real run would raise. Under torchrun every process takes part, and the first one has the last word.
    """
    one, ranks = {name: pairs[:1] for name, pairs in cases.items()}, joined(pick_device(device))
    with tempfile.TemporaryDirectory() as folder:
        for number, phase in enumerate(recipe.schedule.phases[1:], start=1):
            train(_shortened(recipe, number, STEPS), stream, {}, Path(folder) / f"{number}", device=device, init=init)
            yield f"phase {number}: {STEPS} steps of {phase.batch} crops of {phase.crop} pixels"
        short, cut = _shortened(recipe, 0, STEPS), Path(folder) / "cut"
        whole = train(short, stream, one, Path(folder) / "whole", device=device, init=init)
        phase = short.schedule.phases[0]
        yield f"phase 0: {STEPS} steps of {phase.batch} crops of {phase.crop} pixels, validated and saved"
        train(short, stream, one, cut, device=device, init=init, until=1)
        train(short, stream, one, cut, device=device, init=init)
        if not ranks.first:  # there is nothing in its folder
            return
        difference = _difference(whole.parent, cut, short)
        if difference and ranks.device.type == "cpu":
            raise TrainingError("a run resumed after its first step ends in another state; report this, please")
        equal = f"equal but for {difference:.1g}, the order of sums" if difference else "an equal state, bit for bit"
        yield f"resumed after the first step: {equal}"
        if one:
            yield f"restored from the weights file: {validate(restoring(whole, device=device), one)['mean']:.2f} dB"


_STATE = {"adamw": 16, "muon": 12}
"""Bytes a parameter: weights, their EMA, and one or two moments; of muon about."""


def plan(recipe: Recipe, stream: Stream, device: str) -> Iterator[str]:
    """Measure a few steps of every phase -> lines on work, time and memory."""
    with torch.device("meta"):
        model = Harmonic(recipe.model.config())
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    state = _STATE[recipe.optimizer.form] * millions
    yield f"network: {millions:.2f} M parameters; a state of the run takes {state:.0f} MB"
    pixels = sum(p.shape[0] * p.shape[1] for p in stream.pictures) / 1e6
    yield f"data: {len(stream.pictures)} pictures of {pixels:.0f} MP"
    total, phases = 0.0, recipe.schedule.phases
    for number, phase in enumerate(phases):
        until = phases[number + 1].start if number + 1 < len(phases) else 1.0
        steps = round(recipe.schedule.steps * (until - phase.start))
        seconds, waiting = _seconds_per_step(_shortened(recipe, number, 8), stream, device)
        total += steps * seconds
        yield (f"phase {number}: crop {phase.crop}, batch {phase.batch}: {seconds:.3f} s a step, {waiting:.0%} of it "
               f"waiting for data; {steps} steps, {_hours(steps * seconds)}")  # fmt: skip
    yield f"all: {recipe.schedule.steps} steps, {_hours(total)}, validation not counted"
    if pick_device(device).type == "cuda":
        yield f"memory: {torch.cuda.max_memory_allocated() >> 20} MB of the GPU"
    elif peak := _peak_memory():
        yield f"memory: {peak >> 20} MB, pictures included"


def _seconds_per_step(recipe: Recipe, stream: Stream, device: str) -> tuple[float, float]:
    """Median seconds of a step, warm, and the share of them that is waiting for samples."""
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        train(recipe, stream, {}, Path(folder), device=device, report=rows.append)
    if not rows:  # the first process has them
        return 0.0, 0.0
    laps = [(row["seconds"] - before["seconds"], row["wait"]) for before, row in pairwise(rows)][1:]
    seconds, waiting = sorted(laps)[len(laps) // 2]
    return seconds, waiting / seconds


def _difference(one: Path, other: Path, recipe: Recipe) -> float:
    """The largest between numbers of the latest states of two runs."""
    states = [latest_state(folder, recipe) for folder in (one, other)]
    (ours, *_), (theirs, *_) = (state for state in states if state is not None)
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


def _shortened(recipe: Recipe, phase: int, steps: int) -> Recipe:
    """The same for a few steps of one phase."""
    chosen = recipe.schedule.phases[phase].model_copy(update={"start": 0.0})
    schedule: Schedule = recipe.schedule.model_copy(update={"steps": steps, "phases": (chosen,)})
    return recipe.model_copy(
        update={"schedule": schedule, "log_every": 1, "save_every": steps, "validate_every": steps}
    )


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds > 5400 else f"{seconds / 60:.1f} min"


def _peak_memory() -> int:
    """Bytes that this process held at most; 0 where the system does not tell."""
    try:
        import resource
    except ModuleNotFoundError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
