"""Learning rate over a run: warm-up, constant, then a cool-down to zero (so that a run can be extended); or cosine."""

import math

from harmonic.train.recipe import Schedule


def rate(schedule: Schedule, step: int, progress: float) -> float:
    """Factor of the full rate. progress: fraction of the run that is over, 0 to 1, by steps or by time.

    constant: the long part does not depend on the length of the run (Hägele et al., NeurIPS 2024); the cool-down falls
    as 1 - sqrt, the form that paper found best. cosine: SGDR without restarts (Loshchilov and Hutter, ICLR 2017).
    """
    rise = min(1.0, (step + 1) / schedule.warmup) if schedule.warmup else 1.0
    if schedule.form == "cosine":
        return rise * (1 + math.cos(math.pi * min(1.0, progress))) / 2
    if schedule.cooldown and progress > 1 - schedule.cooldown:
        done = min(1.0, (progress - (1 - schedule.cooldown)) / schedule.cooldown)
        return rise * (1 - done**0.5)
    return rise
