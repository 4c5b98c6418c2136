"""A check: one figure of trained weights beside the bound that was set for it. Values only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bound:
    """What a figure must be, least <= value <= most, and why it matters. `bounds.py` holds all of them.

    section: of the seed. meaning: one sentence for the reader of a report.
    """

    group: str
    name: str
    section: str
    unit: str
    meaning: str
    least: float = -math.inf
    most: float = math.inf

    def holds(self, value: float) -> bool:
        """False for not-a-number too."""
        return self.least <= value <= self.most

    def __str__(self) -> str:
        if self.least == self.most:
            return f"= {self.most:.3g}"
        if math.isinf(self.most):
            return f"≥ {self.least:.3g}"
        if math.isinf(self.least):
            return f"≤ {self.most:.3g}"
        return f"{self.least:.3g} to {self.most:.3g}"


@dataclass(frozen=True, eq=False)
class Picture:
    """Something to look at: pixels (H, W, 3) uint8, or a drawing as SVG."""

    caption: str
    pixels: np.ndarray | None = None
    svg: str | None = None


@dataclass(frozen=True, eq=False)
class Check:
    """One figure and its verdict.

    value: None where the check does not apply to these weights; remark then says why, and passed is None.
    """

    group: str
    name: str
    section: str
    value: float | None
    bound: str
    passed: bool | None
    unit: str
    meaning: str
    remark: str = ""
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, eq=False)
class Report:
    """All checks of one model. subject: what was checked and on what, as (name, value) for the head of the report."""

    subject: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.passed is False)

    @property
    def passed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.passed)

    @property
    def not_applicable(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.passed is None)


def judge(bound: Bound, value: float, remark: str = "", pictures: Sequence[Picture] = ()) -> Check:
    """The check of a measured value."""
    value = float(value)
    return _check(bound, value, bound.holds(value), remark, pictures)


def not_applicable(bound: Bound, reason: str) -> Check:
    """A check that these weights cannot fail, for a reason that the report gives."""
    return _check(bound, None, None, reason, ())


def broken_off(bound: Bound, reason: str) -> Check:
    """A check that could not be finished: failed, without a value."""
    return _check(bound, None, False, reason, ())


def _check(bound: Bound, value: float | None, passed: bool | None, remark: str, pictures: Sequence[Picture]) -> Check:
    return Check(
        bound.group,
        bound.name,
        bound.section,
        value,
        str(bound),
        passed,
        bound.unit,
        bound.meaning,
        remark,
        tuple(pictures),
    )
