"""Learning rate over a run: warm-up, constant, then a cool-down to zero (so that a run can be extended)."""


def rate(step: int, progress: float, warmup: int, cooldown: float) -> float:
    """Factor of the full rate. progress: fraction of the run that is over, 0 to 1, by steps or by time.

    Cosine-free on purpose: the constant part does not depend on the length of the run (Hägele et al., NeurIPS 2024).
    The cool-down falls as 1 - sqrt, the form that paper found best.
    """
    rise = min(1.0, (step + 1) / warmup) if warmup else 1.0
    if cooldown and progress > 1 - cooldown:
        done = min(1.0, (progress - (1 - cooldown)) / cooldown)
        return rise * (1 - done**0.5)
    return rise
