"""Runs small enough for a test: pictures, a recipe, and a call that trains by it."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from harmonic.degrade.mixtures import Mixture
from harmonic.train import loop
from harmonic.train.recipe import Model, Phase, Recipe, Schedule
from harmonic.train.samples import Stream

NOTHING = {"clean": 0, "blur": 0, "noise": 0, "jpeg": 0, "hmix": 0, "grey": 0}


def pictures(count: int = 3, side: int = 80) -> list[np.ndarray]:
    """Smooth squares, (side, side, 3) uint8."""
    rng = np.random.default_rng(0)
    smooth = [np.kron(rng.random((side // 8, side // 8, 3)), np.ones((8, 8, 1))) for _ in range(count)]
    return [(255 * s).astype(np.uint8) for s in smooth]


def recipe(steps: int = 8, crop: int = 32, batch: int = 2, warmup: int = 2, **changes: Any) -> Recipe:
    """Eight steps of a tiny network in fp32, saved and validated every four."""
    schedule = Schedule(steps=steps, warmup=warmup, phases=(Phase(crop=crop, batch=batch),))
    values = {"name": "toy", "model": Model(preset="tiny"), "schedule": schedule, "save_every": 4, "validate_every": 4,
              "log_every": 1, "precision": "fp32"}  # fmt: skip
    return Recipe(**{**values, **changes})


def stream(scale: int = 1, thumbnails: Any = None, **shares: float) -> Stream:
    """Of `pictures()`, with seed 5. shares: of the mixture; none given: the default one."""
    return Stream(pictures(), Mixture(**{**NOTHING, **shares}) if shares else Mixture(), 5, scale, thumbnails)


def train(recipe: Recipe, out: Path, **options: Any) -> Path:
    """Train on `pictures()`."""
    given = options.pop("stream", Stream(pictures(), recipe.mixture, recipe.seed, recipe.model.scale))
    return loop.train(recipe, given, options.pop("cases", {}), out, **options)


def rows(out: Path) -> list[dict[str, float]]:
    """The log of a run."""
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
