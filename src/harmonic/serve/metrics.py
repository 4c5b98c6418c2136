"""Counters and gauges in the text format of Prometheus (version 0.0.4)."""

import mmap
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

_HELP = {
    "harmonic_requests_total": "Requests answered, by route and status.",
    "harmonic_refusals_total": "Requests refused, by code.",
    "harmonic_pixels_total": "Input pixels restored.",
    "harmonic_stage_seconds_total": "Seconds spent, by stage.",
    "harmonic_stage_runs_total": "Runs of each stage.",
}


class Metrics:
    """Callable from any thread."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, amount: float = 1, **labels: object) -> None:
        told = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
        with self._lock:
            self._counts[name, told] += amount  # type: ignore[assignment]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block; one that fails counts too."""
        started = monotonic()
        try:
            yield
        finally:
            self.add("harmonic_stage_seconds_total", monotonic() - started, stage=name)
            self.add("harmonic_stage_runs_total", stage=name)

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """gauges: name -> (help, value), of this moment."""
        lines = []
        with self._lock:
            counts = dict(self._counts)
        for name, told in _HELP.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} counter"]
            lines += [_sample(name, labels, value) for (of, labels), value in sorted(counts.items()) if of == name]
        for name, (told, value) in gauges.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} gauge", _sample(name, "", value)]
        return "\n".join(lines) + "\n"


def resident_bytes() -> int:
    """Of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):
        return 0


def _sample(name: str, labels: str, value: float) -> str:
    return f"{name}{{{labels}}} {value:.10g}" if labels else f"{name} {value:.10g}"


def _escaped(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
