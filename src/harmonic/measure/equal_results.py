"""The file of results of a table of equal budgets: what the runs found, what the networks cost, how it was made."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

from harmonic.errors import UsageError
from harmonic.images.atomic import atomic_write
from harmonic.measure.costs import DRAWS, gmac_per_megapixel, over_draws, parameters_of, timed_precisions
from harmonic.measure.equal_budget import Figures, finished, precision_of
from harmonic.measure.line_ups import OURS, LineUp, ready
from harmonic.measure.origin import machine

COSTS = "costs.json"
RUN = {"network", "steps", "seed", "rate", "sweep", "crops", "pictures", "validation", "tests"}
"""What the figures of a run in a file of results have at least."""


def measure_costs(
    line_up: LineUp, names: Sequence[str], out: Path, say: Callable[[str], None], rounds: int = 20
) -> None:
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
    for precision in timed_precisions(torch.device("cpu"), say):
        for name, latency in over_draws(build, OURS, line_up.side, precision, rounds).items():
            costs[name] |= {precision: round(latency.ratio, 3), f"{precision}_ms": round(latency.milliseconds, 1)}
    known = json.loads(file.read_text())["networks"] if file.exists() else {}
    about = {"machine": machine(), "side": line_up.side, "networks": known | costs}
    atomic_write(file, (json.dumps(about, indent=1) + "\n").encode())


def results_file(table: str, folder: Path) -> Path:
    """Where the figures of a table stand; its picture has the same name."""
    return folder / f"equal-budget-{table}.json"


def read_results(line_up: LineUp, folder: Path | None) -> dict[str, Any]:
    """What a file of results holds already: `runs`, `costs`, `timed_on`, `side`; none without the file or a folder.

    Raises UsageError for a file of something else, or one in the place of the folder.
    """
    none = {"runs": [], "costs": {}, "timed_on": "", "side": line_up.side}
    if folder is not None and folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: a file stands where the folder of results should be; give another --results")
    if folder is None or not (file := results_file(line_up.name, folder)).exists():
        return none
    try:
        content = json.loads(file.read_text())
        found = {key: content[key] for key in none}
        columns = {json.dumps({c: sorted(t) for c, t in run["tests"].items()}) for run in found["runs"]}
        known = all(run.keys() >= RUN and run["network"] in line_up.entrants for run in found["runs"])
        if content["table"] != line_up.name or not known or len(columns) > 1:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        told = f"holds no results of the table {line_up.name}, or of other networks or pictures"
        raise UsageError(f"{file}: {told}; move it away, or give another --results") from error
    return found


def collected(line_up: LineUp, out: Path, earlier: dict[str, Any]) -> dict[str, Any]:
    """The content of the file of results: the finished runs in `out`, and what it held (`read_results`).

    Costs in `out` come before earlier ones; they are ratios, so a network that was timed elsewhere keeps its own.
    Raises UsageError as `finished` does.
    """
    file = out / line_up.name / COSTS
    costs, timed_on, side = earlier["costs"], earlier["timed_on"], earlier["side"]
    if file.exists():
        measured = json.loads(file.read_text())
        costs, timed_on, side = costs | measured["networks"], measured["machine"], measured["side"]
    runs = finished(line_up, out, earlier["runs"])
    return {
        "command": "\n".join(commands(line_up.name, runs)), "date": datetime.now(UTC).date().isoformat(),
        "table": line_up.name,
        "machine": f"torch {torch.__version__}", "timed_on": timed_on, "side": side,
        "crop": line_up.crop, "batch": line_up.batch,
        "costs": {name: costs[name] for name in line_up.entrants if name in costs},
        "runs": runs,
    }  # fmt: skip


def commands(table: str, runs: Sequence[Figures]) -> list[str]:
    """What makes these runs, a line for each number of steps, precision and number of seeds, and what times them."""
    seeds: dict[tuple[str, int, str], int] = {}
    for run in runs:
        key = (run["network"], run["steps"], precision_of(run))
        seeds[key] = max(seeds.get(key, 0), run["seed"] + 1)
    alike: dict[tuple[int, str, int], list[str]] = {}
    for (network, steps, precision), count in seeds.items():
        alike.setdefault((steps, precision, count), []).append(network)
    start = f"harmonic bench peers --data DATA --table {table}"
    made = [
        " ".join([start, "--train", f"--steps {steps}", f"--seeds {count}" * (count > 1), f"--precision {precision}",
                  *(f"--only {network}" for network in networks), "--results results"]).replace("  ", " ")
        for (steps, precision, count), networks in sorted(alike.items())
    ]  # fmt: skip
    return [*made, f"{start} --time --results results"]


def write_results(content: dict[str, Any], folder: Path, draw: Callable[[dict[str, Any]], bytes] | None) -> list[Path]:
    """Write `equal-budget-TABLE.json` and, with `draw`, the picture beside it -> both paths."""
    paths = [results_file(content["table"], folder)]
    atomic_write(paths[0], (json.dumps(content, indent=1) + "\n").encode())
    if draw is not None:
        paths.append(paths[0].with_suffix(".png"))
        atomic_write(paths[1], draw(content))
    return paths
