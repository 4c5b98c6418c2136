"""The benchmark suites: which damage, at which settings, under which protocol.

All are colour, without shaving, and blind: the restorer sees the degraded picture and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Blur, Degradation, Jpeg, Noise, Round
from harmonic.degrade.levels import SEVERITIES
from harmonic.errors import UsageError
from harmonic.measure.hmix import hmix_input
from harmonic.measure.sets import SetName
from harmonic.ops.eight_bit import to_float, to_uint8

SEED = 0


@dataclass(frozen=True)
class Setting:
    """One column of a published table. damage: (clean (H, W, 3) uint8, picture name) -> uint8 or float32."""

    name: str
    damage: Callable[[np.ndarray, str], np.ndarray]


@dataclass(frozen=True)
class Suite:
    """Settings under one protocol. identical: dB that an output equal to the clean picture counts; None = left out."""

    name: str
    protocol: str
    randomness: str
    published_set: SetName
    settings: tuple[Setting, ...]
    identical: float | None = None


def gaussian_noise(clean: np.ndarray, name: str, sigma: float) -> np.ndarray:
    """P-DN-1: unclipped, unrounded float32, the seed set anew for each picture."""
    rng = np.random.RandomState(SEED)
    return degrade(to_float(clean, np.float64), [Noise(sigma=sigma)], rng).astype(np.float32)


def eight_bit(clean: np.ndarray, name: str, steps: tuple[Degradation, ...]) -> np.ndarray:
    """A chain without random draws, from 8 bit to 8 bit, in float64 between."""
    rng = np.random.RandomState(SEED)
    return to_uint8(degrade(to_float(clean, np.float64), steps, rng))


SUITES = (
    Suite(
        "denoise",
        "P-DN-1",
        f"numpy.random.RandomState({SEED}) before each picture",
        "CBSD68",
        tuple(Setting(f"sigma {s}", partial(gaussian_noise, sigma=s)) for s in (15, 25, 50)),
    ),
    Suite(
        "jpeg",
        "P-JP-2, 4:2:0",
        "none",
        "LIVE1",
        tuple(Setting(f"quality {q}", partial(eight_bit, steps=(Jpeg(quality=q),))) for q in (10, 20, 30, 40)),
    ),
    Suite(
        "deblur",
        "P-DB-1, noise-free, 8-bit",
        "none",
        "CBSD68",
        tuple(Setting(f"sigma {s}", partial(eight_bit, steps=(Blur(sigma=s), Round()))) for s in (1.0, 1.6, 2.0, 3.0)),
    ),
    Suite(
        "hmix",
        "HMIX-1",
        "Philox keyed by picture name and severity",
        "LIVE1",
        tuple(Setting(s, partial(hmix_input, severity=s)) for s in SEVERITIES),
    ),
    Suite(
        "clean",
        "P-CL-1",
        "none",
        "LIVE1",
        (Setting("undamaged", partial(eight_bit, steps=())),),
        identical=100.0,
    ),
)


def suite_named(name: str) -> Suite:
    """The suite of that name; raises UsageError naming the known ones."""
    for suite in SUITES:
        if suite.name == name:
            return suite
    raise UsageError(f"{name}: no such suite; choose from {', '.join(suite.name for suite in SUITES)}")
