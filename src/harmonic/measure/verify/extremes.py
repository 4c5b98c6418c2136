"""Extreme pictures (R5.11): what no photograph looks like, and a user has all the same."""

from collections.abc import Iterator

import numpy as np

from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, judge
from harmonic.measure.verify.laws import worst
from harmonic.measure.verify.subject import Subject, restored

SIDE = 64


def check_extremes(subject: Subject) -> Iterator[Check]:
    """Finite, in range where flat, and no drift of the mean."""
    network = subject.deployed
    flat, patterned = flat_pictures(), patterns()
    outputs = {name: restored(network, picture) for name, picture in (flat | patterned).items()}
    broken = [name for name, output in outputs.items() if not np.isfinite(output).all()]
    yield judge(bounds.EXTREME_FINITE, len(broken), f"of {len(outputs)}" + (f": {', '.join(broken)}" if broken else ""))
    beyond = {name: float(np.max(np.abs(outputs[name] - np.clip(outputs[name], 0, 1)))) for name in flat}
    yield judge(bounds.EXTREME_RANGE, worst(list(beyond.values())), f"worst: {worst_of(beyond)}")
    drift = {
        name: 255 * float(np.abs(np.clip(outputs[name], 0, 1).mean((0, 1)) - picture.mean((0, 1))).max())
        for name, picture in (flat | patterned).items()
    }
    yield judge(bounds.EXTREME_MEAN, worst(list(drift.values())), f"worst: {worst_of(drift)}")


def flat_pictures() -> dict[str, np.ndarray]:
    """Black, white and the six saturated colours. (SIDE, SIDE, 3) float32"""
    names = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
    return {name: np.full((SIDE, SIDE, 3), [i & 1, i >> 1 & 1, i >> 2 & 1], np.float32) for i, name in enumerate(names)}


def patterns() -> dict[str, np.ndarray]:
    """Checkerboard, one bright pixel, lines of one pixel, a gradient, noise. (SIDE, SIDE, 3) float32"""
    y, x = np.mgrid[:SIDE, :SIDE]
    grey = {
        "checkerboard": (x + y) % 2,
        "impulse": (x == SIDE // 2) & (y == SIDE // 2),
        "lines": y % 8 == 0,
        "gradient": x / (SIDE - 1),
    }
    colour = {name: np.repeat(values[..., None], 3, 2).astype(np.float32) for name, values in grey.items()}
    return colour | {"noise": np.random.RandomState(0).random_sample((SIDE, SIDE, 3)).astype(np.float32)}


def worst_of(values: dict[str, float]) -> str:
    """The name of the largest."""
    return max(values, key=lambda name: values[name])
