"""The file of results of a table of equal budgets: what the runs found, what the networks cost, how it was made."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

from harmonic.images.atomic import atomic_write
from harmonic.measure.costs import DRAWS, PRECISIONS, gmac_per_megapixel, over_draws, parameters_of
from harmonic.measure.equal_budget import finished
from harmonic.measure.line_ups import OURS, LineUp, ready
from harmonic.measure.score import machine

COSTS = "costs.json"


def measure_costs(line_up: LineUp, names: Sequence[str], out: Path, rounds: int = 20) -> None:
    """Count and time networks of a line-up (random weights) beside ours, and keep that in the folder of the runs."""
    chosen, file = dict.fromkeys((OURS, *names)), out / line_up.name / COSTS

    def build() -> dict[str, nn.Module]:
        return {name: ready(line_up.entrants[name]()) for name in chosen}

    costs: dict[str, dict[str, float]] = {}
    counts: dict[str, list[float]] = {name: [] for name in chosen}
    for seed in range(DRAWS):
        torch.manual_seed(seed)
        for name, network in build().items():
            counts[name].append(gmac_per_megapixel(network, line_up.side))
            costs[name] = {"parameters": parameters_of(network), "gmac": round(median(counts[name]), 2)}
    for precision in PRECISIONS:
        for name, latency in over_draws(build, OURS, line_up.side, precision, rounds).items():
            costs[name] |= {precision: round(latency.ratio, 3), f"{precision}_ms": round(latency.milliseconds, 1)}
    known = json.loads(file.read_text())["networks"] if file.exists() else {}
    about = {"machine": machine(), "side": line_up.side, "networks": known | costs}
    atomic_write(file, (json.dumps(about, indent=1) + "\n").encode())


def collected(line_up: LineUp, out: Path, command: str) -> dict[str, Any]:
    """The content of the file of results, from the finished runs in `out`. Raises UsageError as `finished` does."""
    file = out / line_up.name / COSTS
    costs = json.loads(file.read_text()) if file.exists() else {"machine": "", "side": line_up.side, "networks": {}}
    order = [name for name in line_up.entrants if name in costs["networks"]]
    return {
        "command": command, "date": datetime.now(UTC).date().isoformat(), "table": line_up.name,
        "machine": f"torch {torch.__version__}", "timed_on": costs["machine"], "side": costs["side"],
        "crop": line_up.crop, "batch": line_up.batch,
        "costs": {name: costs["networks"][name] for name in order}, "runs": finished(line_up, out),
    }  # fmt: skip


def write_results(content: dict[str, Any], folder: Path, draw: Callable[[dict[str, Any]], bytes] | None) -> list[Path]:
    """Write `equal-budget-TABLE.json` and, with `draw`, the picture beside it -> both paths."""
    stem = folder / f"equal-budget-{content['table']}"
    paths = [stem.with_suffix(".json")]
    atomic_write(paths[0], (json.dumps(content, indent=1) + "\n").encode())
    if draw is not None:
        paths.append(stem.with_suffix(".png"))
        atomic_write(paths[1], draw(content))
    return paths
