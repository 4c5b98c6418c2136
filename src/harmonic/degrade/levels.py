"""Blur -> noise -> JPEG at RL-Restore's ten levels each (Yu et al., CVPR 2018), mild, moderate and severe.

The levels (protocol P-RL-2) serve training (`mixtures.py`) and the HMIX benchmark alike.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product
from math import floor
from typing import Literal

from harmonic.degrade.kinds import Blur, Degradation, Jpeg, Noise

Severity = Literal["mild", "moderate", "severe"]
SEVERITIES: tuple[Severity, ...] = ("mild", "moderate", "severe")

Triple = tuple[int, int, int]  # blur, noise and JPEG level, each 1..10

_LEVEL_SUMS = {"mild": range(11, 14), "moderate": range(14, 20), "severe": range(20, 23)}
_QUALITY = (100, 80, 60, 50, 40, 35, 30, 25, 20, 15, 10)  # level j: between entries j-1 and j


@cache
def triples(severity: Severity) -> tuple[Triple, ...]:
    """The (blur, noise, JPEG) levels of one severity, in lexicographic order: 163, 434 or 163 of them."""
    levels = range(1, 11)
    return tuple((b, n, j) for b, n, j in product(levels, levels, levels) if b + n + j in _LEVEL_SUMS[severity])


def level_steps(severity: Severity, u: Sequence[float]) -> tuple[Triple, tuple[Degradation, ...]]:
    """Four uniform numbers in [0, 1) -> the levels and the chain they select.

    u[0] picks the triple, u[1], u[2], u[3] the blur, the noise and the quality within their levels (H3).
    The 8-bit rounding between noise and JPEG is part of `Jpeg`.
    """
    choices = triples(severity)
    b, n, j = choices[floor(u[0] * len(choices))]
    blur = 0.5 * (b - 1) + 0.5 * u[1]
    noise = 5 * (n - 1) + 5 * u[2]
    quality = floor(_QUALITY[j - 1] + u[3] * (_QUALITY[j] - _QUALITY[j - 1]) + 0.5)
    return (b, n, j), (Blur(sigma=blur), Noise(sigma=noise, clip=True), Jpeg(quality=quality))
