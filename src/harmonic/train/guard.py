"""What happens to steps that go wrong: skipped, kept for replay, and after too many of them the run returns.

A wrong step never reaches the weights: loss and gradient are looked at before it is taken.
"""

import math
from collections.abc import Iterable
from statistics import median

from harmonic.train.recipe import Guard
from harmonic.train.state import Progress

WINDOW = 100
"""Steps that the guard looks back."""

_ENOUGH = 20  # losses that make a median


def is_bad(guard: Guard, progress: Progress, loss: float, norms: Iterable[float]) -> bool:
    """Whether a step must not be taken: a loss or gradient that is not finite, or a spike above the recent losses."""
    if not all(map(math.isfinite, (loss, *norms))):
        return True
    recent = progress.losses
    return bool(guard.spike) and len(recent) >= _ENOUGH and loss > guard.spike * median(recent)


def note_good(guard: Guard, progress: Progress, loss: float) -> None:
    """Remember the loss of a step that was taken, where the spike guard asks for it."""
    if guard.spike:
        progress.losses = [*progress.losses[1 - WINDOW :], loss]


def note_bad(guard: Guard, progress: Progress) -> bool:
    """Count a step that was not taken -> whether there were too many of them, so that the run must return."""
    progress.skipped += 1
    progress.bad = [step for step in progress.bad if step > progress.step - WINDOW] + [progress.step]
    return len(progress.bad) > guard.patience


def returned(saved: Progress, now: Progress) -> Progress:
    """The progress of a run that goes back to a saved state: counters of trouble are kept, other samples come next."""
    return Progress(**{**vars(saved), "skipped": now.skipped, "seconds": now.seconds, "turn": now.turn + 1, "bad": [],
                       "losses": [], "start": now.start, "best": now.best})  # fmt: skip
