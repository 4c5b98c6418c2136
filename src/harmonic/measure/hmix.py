"""HMIX-1: one fixed draw of blur -> noise -> JPEG per picture and severity (protocol 6.2).

The draw depends on the picture's name and the severity alone, so any machine makes the same inputs.
"""

import numpy as np

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Degradation
from harmonic.degrade.levels import Severity, Triple, level_steps
from harmonic.measure.keyed import random_of
from harmonic.ops.eight_bit import to_float, to_uint8


def hmix_key(name: str, severity: Severity) -> str:
    """Of a picture's random source (H2). name: file stem in lower case."""
    return f"HMIX-1/{name}/{severity}"


def hmix_draw(name: str, severity: Severity) -> tuple[Triple, tuple[Degradation, ...], np.random.RandomState]:
    """Levels, chain, and the random source from which the noise comes next (H3)."""
    rng = random_of(hmix_key(name, severity))
    triple, steps = level_steps(severity, [float(u) for u in rng.random_sample(4)])
    return triple, steps, rng


def hmix_input(clean: np.ndarray, name: str, severity: Severity) -> np.ndarray:
    """(H, W, 3) uint8 -> the degraded 8-bit picture; computed in float64 (H4)."""
    _, steps, rng = hmix_draw(name, severity)
    return to_uint8(degrade(to_float(clean, np.float64), steps, rng))
