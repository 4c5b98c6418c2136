"""Latency as interleaved ratios (protocol P-EF-4): machines are shared and noisy, ratios within one process hold."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Call = Callable[[], object]


@dataclass(frozen=True)
class Latency:
    """milliseconds: median. ratio: median over rounds of this call's time to the reference's in the same round."""

    milliseconds: float
    ratio: float


def latencies(reference: Call, calls: Mapping[str, Call], *, rounds: int = 20, warmup: int = 3) -> dict[str, Latency]:
    """Time each call against `reference`, one after another in every round -> by name, "reference" included."""
    everything = {"reference": reference, **calls}
    for call in everything.values():
        for _ in range(warmup):
            call()
    samples: dict[str, list[float]] = {name: [] for name in everything}
    for _ in range(rounds):
        for name, call in everything.items():
            started = time.perf_counter()
            call()
            samples[name].append(time.perf_counter() - started)
    return {name: _latency(times, samples["reference"]) for name, times in samples.items()}


def _latency(times: list[float], reference: list[float]) -> Latency:
    ratios = [a / b for a, b in zip(times, reference, strict=True)]
    return Latency(1000 * statistics.median(times), statistics.median(ratios))
