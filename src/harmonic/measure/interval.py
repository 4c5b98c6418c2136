"""Is one system ahead of another on the same pictures? The paired bootstrap of protocol S1."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
SEED = 0


@dataclass(frozen=True)
class Difference:
    """Of two systems, ours less the other's, over the same pictures.

    low, high: ends of the 95 % interval of the mean. wins: pictures on which ours is higher, of `pictures`.
    """

    mean: float
    median: float
    low: float
    high: float
    wins: int
    pictures: int


def paired_difference(ours: Mapping[str, float], theirs: Mapping[str, float]) -> Difference:
    """Figures by picture, each picture compared with itself, pictures drawn anew 10,000 times with a fixed seed.

    Raises ValueError when the pictures are not the same, or there are none.
    """
    if ours.keys() != theirs.keys() or not ours:
        raise ValueError(f"only the same pictures can be compared; got {len(ours)} and {len(theirs)}")
    gaps = np.array([ours[picture] - theirs[picture] for picture in sorted(ours)])
    drawn = np.random.default_rng(SEED).integers(len(gaps), size=(RESAMPLES, len(gaps)))
    low, high = np.quantile(gaps[drawn].mean(1), (0.025, 0.975))
    return Difference(
        float(gaps.mean()), statistics.median(gaps.tolist()), float(low), float(high), int((gaps > 0).sum()), len(gaps)
    )
