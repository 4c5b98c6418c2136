"""Latency as interleaved ratios (protocol P-EF-4): machines are shared and noisy, ratios within one process hold.

Also how time grows with the picture.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Call = Callable[[], object]


@dataclass(frozen=True)
class Latency:
    """milliseconds: median; low, high: its 10th and 90th percentiles.

    ratio: median over rounds of this call's time to the reference's in the same round.
    """

    milliseconds: float
    ratio: float
    low: float = 0.0
    high: float = 0.0


def latencies(reference: Call, calls: Mapping[str, Call], *, rounds: int = 20, warmup: int = 3) -> dict[str, Latency]:
    """Time each call against `reference`, one after another in every round -> by name, "reference" included.

    warmup: calls before, at least; more until their median stands still.

    Raises ValueError when a call has that name.
    """
    if "reference" in calls:
        raise ValueError('"reference" is the name of what calls are timed against; choose another one')
    everything = {"reference": reference, **calls}
    for call in everything.values():
        warm(call, warmup)
    samples: dict[str, list[float]] = {name: [] for name in everything}
    for _ in range(rounds):
        for name, call in everything.items():
            started = time.perf_counter()
            call()
            samples[name].append(time.perf_counter() - started)
    return {name: _latency(times, samples["reference"]) for name, times in samples.items()}


def warm(call: Call, least: int, settled: float = 0.02) -> int:
    """Call until one more moves the median of all by less than `settled`, `least` times at least and four times that at
    most -> how often."""
    times: list[float] = []
    before = 0.0
    while len(times) < 4 * least:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
        now = statistics.median(times)
        if len(times) >= least and abs(now - before) <= settled * now:
            break
        before = now
    return len(times)


def growth_exponent(pixels: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of the least-squares line of log time over log pixels: 1 is linear, 2 what plain attention costs."""
    x, y = np.log(pixels), np.log(seconds)
    return float(np.polyfit(x, y, 1)[0])


def _latency(times: list[float], reference: list[float]) -> Latency:
    ratios = [a / b for a, b in zip(times, reference, strict=True)]
    low, high = np.quantile(times, (0.1, 0.9))
    return Latency(1000 * statistics.median(times), statistics.median(ratios), 1000 * float(low), 1000 * float(high))
