"""Networks trained for one budget: same crops, steps, losses and schedule, a learning rate chosen for each alike.

A run of N steps has its own warm-up (a twentieth) and cool-down (the last fifth), so a figure at N steps is never a
glimpse of a longer run at its full rate: rows of another step count come from runs of that length.
Figures are of the EMA weights, as users get them.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from safetensors.torch import save as save_bytes
from torch import nn

from harmonic.errors import TrainingError, UsageError
from harmonic.images.atomic import atomic_write
from harmonic.measure.line_ups import LineUp, ready
from harmonic.train.batches import batch
from harmonic.train.loop import train
from harmonic.train.recipe import Losses, Model, Optimizer, Phase, Recipe, Schedule
from harmonic.train.samples import Stream
from harmonic.train.state import latest_state
from harmonic.train.validate import Case, validate
from harmonic.train.weights import by_network

RATES = (4e-4, 1e-3, 2.5e-3)
"""Learning rates of which each network gets the best by its validation, after a tenth of the steps."""

CHUNK = 200
"""Steps between two looks at the clock; there the state is saved."""

Build = Callable[[], nn.Module]


class OutOfTime(Exception):
    """The time that was given is over; everything is saved."""


@dataclass(frozen=True)
class Clock:
    """When to stop, in seconds of `time.monotonic`; None: never."""

    end: float | None = None

    @classmethod
    def minutes(cls, most: float | None) -> "Clock":
        return cls(None if most is None else time.monotonic() + 60 * most)

    def check(self) -> None:
        """Raises OutOfTime."""
        if self.end is not None and time.monotonic() >= self.end:
            raise OutOfTime


def recipe_of(line_up: LineUp, steps: int, rate: float, seed: int) -> Recipe:
    """What all networks of a line-up train by; `rate` alone may differ between them."""
    return Recipe(
        name="peers",
        model=Model(scale=line_up.scale),  # the stream's; the network itself is given to the loop
        mixture=line_up.mixture,
        losses=Losses(fft=0.05),
        optimizer=Optimizer(form="muon", learning_rate=rate),
        schedule=Schedule(
            steps=steps, warmup=max(1, steps // 20), phases=(Phase(crop=line_up.crop, batch=line_up.batch),)
        ),
        seed=seed,
        precision=line_up.precision,
        save_every=max(steps, CHUNK),  # `until` decides when
    )


def stream_of(recipe: Recipe, pictures: Sequence[np.ndarray]) -> Stream:
    """The samples of a recipe: functions of its seed, the step and the index alone, so equal for every network."""
    return Stream(pictures, recipe.mixture, recipe.seed, recipe.model.scale)


def crops_digest(recipe: Recipe, stream: Stream, steps: Sequence[int] = (0, 1)) -> str:
    """Of the batches of these steps, both sides: 16 hex digits. Runs that may stand in one table have the same."""
    seen, phase = sha256(), recipe.schedule.phases[0]
    for step in steps:
        made = batch(stream, phase.crop, step, range(phase.batch))
        seen.update(made.lq.numpy().tobytes() + made.gt.numpy().tobytes())
    return seen.hexdigest()[:16]


def train_network(build: Build, recipe: Recipe, stream: Stream, out: Path, clock: Clock) -> tuple[nn.Module, float]:
    """Train, or go on, or take what is finished -> the network with its EMA weights, and the minutes it took.

    `out` holds states until the run is finished, then `weights.safetensors` alone beside the log and `done.json`.
    Raises OutOfTime between two chunks of steps, TrainingError, and UsageError where `out` is of another recipe.
    """
    kept, done, network = out / "weights.safetensors", out / "done.json", build()
    if not kept.exists():
        found = latest_state(out, recipe)
        step = found[1].step if found else 0
        while step < recipe.schedule.steps:
            clock.check()
            step = min(step - step % CHUNK + CHUNK, recipe.schedule.steps)
            train(recipe, stream, {}, out, until=step, build=build)
        found = latest_state(out, recipe)
        assert found is not None
        tensors, progress, _ = found
        averaged = {name[4:]: value for name, value in tensors.items() if name.startswith("ema/")}
        about = {"recipe": recipe.hash(), "minutes": round(progress.seconds / 60, 1)}
        atomic_write(done, json.dumps(about).encode())
        atomic_write(kept, save_bytes(averaged))
        for left in [*out.glob("state-*.safetensors"), *out.glob("peers*.safetensors")]:
            left.unlink()
    about = json.loads(done.read_text()) if done.exists() else {}
    if about.get("recipe") != recipe.hash():
        raise UsageError(f"{out}: holds a run of another rate, precision or length; give another --out")
    network.load_state_dict(load_file(kept))
    return ready(network), about["minutes"]


def sweep(
    build: Build, line_up: LineUp, steps: int, pictures: Sequence[np.ndarray], cases: dict[str, Case], out: Path,
    clock: Clock, rates: Sequence[float] = RATES,
) -> dict[float, float]:  # fmt: skip
    """Mean PSNR in dB on the validation crops by learning rate, after a tenth of `steps`, seed 0.

    A rate at which training goes wrong counts as no dB at all.
    """
    found = {}
    for rate in rates:
        recipe = recipe_of(line_up, max(1, steps // 10), rate, 0)
        try:
            network, _ = train_network(build, recipe, stream_of(recipe, pictures), out / f"rate-{rate:g}", clock)
            found[rate] = validate(by_network(network), cases)["mean"]
        except TrainingError:
            found[rate] = 0.0
    return found
