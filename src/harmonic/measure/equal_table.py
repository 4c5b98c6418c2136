"""Tables of equal budget from the figures of the runs: which network is ahead, by how much, and how sure that is.

Pure functions of a file of results (`content`): table, runs with figures by picture, and what each network costs.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from harmonic.measure.interval import Difference, paired_difference
from harmonic.measure.line_ups import OURS
from harmonic.measure.markdown import markdown_table

Content = Mapping[str, Any]
Run = Mapping[str, Any]


def equal_tables(content: Content) -> list[str]:
    """All at the most steps that all have, then, where these differ, each network at its own most steps. Markdown."""
    runs: Sequence[Run] = content["runs"]
    most = longest(runs)
    common = common_steps(runs)
    tables = [_table(f"All after {common} steps", content, dict.fromkeys(most, common))] if common else []
    if most and set(most.values()) != {common}:
        title = "Each network's longest runs; in brackets ours less theirs after as many steps as theirs"
        tables.append(_table(title, content, most))
    wide = [f"{run['network']} ({run['steps']} steps, seed {run['seed']})" for run in runs
            if run.get("precision") == "fp32"]  # fmt: skip
    return [*tables, f"Trained in fp32, the rest in bf16: {', '.join(wide)}."] if wide else tables


def longest(runs: Sequence[Run]) -> dict[str, int]:
    """The most steps of each network."""
    return {name: max(run["steps"] for run in runs if run["network"] == name)
            for name in dict.fromkeys(run["network"] for run in runs)}  # fmt: skip


def common_steps(runs: Sequence[Run]) -> int | None:
    """The most steps that every network of the runs has a run of; None without any."""
    by_name = [{run["steps"] for run in runs if run["network"] == name} for name in longest(runs)]
    return max(set.intersection(*by_name), default=None) if by_name else None


def seeds_of(runs: Sequence[Run], name: str, steps: int) -> set[int]:
    """Of its runs of this length."""
    return {run["seed"] for run in runs if (run["network"], run["steps"]) == (name, steps)}


def of_pictures(runs: Sequence[Run], name: str, steps: int, seeds: Collection[int]) -> dict[str, dict[str, float]]:
    """PSNR in dB by column and picture, means over these seeds of a network that has them all.

    A seed decides the crops too, so networks are to be compared by seeds that they share.
    """
    found = [run["tests"] for run in runs if (run["network"], run["steps"]) == (name, steps) and run["seed"] in seeds]
    return {column: {picture: float(np.mean([tests[column][picture] for tests in found])) for picture in pictures}
            for column, pictures in found[0].items()}  # fmt: skip


def mean_of_columns(tests: Mapping[str, Mapping[str, float]]) -> float:
    """Of the columns' means, each of as much weight."""
    return float(np.mean([np.mean(list(pictures.values())) for pictures in tests.values()]))


def _table(title: str, content: Content, steps: Mapping[str, int]) -> str:
    runs = content["runs"]
    columns = list(runs[0]["tests"])
    head = ["network", "steps", "seeds", "rate", "parameters, M", "GMAC/output MP", "time fp32", "bf16", "validation",
            *columns]  # fmt: skip
    own = {name: seeds_of(runs, name, steps[name]) for name in steps}
    rows = sorted(steps, key=lambda name: -mean_of_columns(of_pictures(runs, name, steps[name], own[name])))
    cells = [_row(name, steps[name], columns, content) for name in rows]
    notes = [note for name in rows if (note := _by_seed(name, steps[name], runs))]
    table = f"{title}\n\n{markdown_table(head, 'l' + 'r' * 8 + 'l' * len(columns), cells)}"
    return f"{table}\n\nAhead in the mean of the columns, seed by seed: {'; '.join(notes)}." if notes else table


def _row(name: str, steps: int, columns: Sequence[str], content: Content) -> list[str]:
    runs = content["runs"]
    own = [run for run in runs if (run["network"], run["steps"]) == (name, steps)]
    tests = of_pictures(runs, name, steps, seeds_of(runs, name, steps))
    shared = _shared(name, steps, runs)
    ours, theirs = (of_pictures(runs, one, steps, shared) if shared else {} for one in (OURS, name))
    cost = content["costs"].get(name, {})
    figures = [("parameters", 1e-6, 2), ("gmac", 1, 1), ("fp32", 1, 2), ("bf16", 1, 2)]
    cells = [f"{cost[key] * unit:.{digits}f}" if key in cost else "–" for key, unit, digits in figures]
    validation = f"{np.mean([run['validation']['mean'] for run in own]):.2f}"
    scores = [
        f"{np.mean(list(tests[column].values())):.2f}"
        + (f" ({_shown(paired_difference(ours[column], theirs[column]))})" if shared else "")
        for column in columns
    ]
    label = f"**{name}**" if name == OURS else name
    return [label, str(steps), str(len(own)), f"{own[0]['rate']:g}", *cells, validation, *scores]


def _shared(name: str, steps: int, runs: Sequence[Run]) -> set[int]:
    """Seeds of which there is a run of ours as well; none for ours itself."""
    return set() if name == OURS else seeds_of(runs, name, steps) & seeds_of(runs, OURS, steps)


def _by_seed(name: str, steps: int, runs: Sequence[Run]) -> str:
    """What ours is ahead with each seed, where there are several."""
    shared = sorted(_shared(name, steps, runs))
    if len(shared) < 2:
        return ""
    ours, theirs = ([mean_of_columns(of_pictures(runs, one, steps, {s})) for s in shared] for one in (OURS, name))
    return f"{name} " + ", ".join(f"{a - b:+.2f}" for a, b in zip(ours, theirs, strict=True))


def _shown(gap: Difference) -> str:
    return f"{gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}], median {gap.median:+.2f}, {gap.wins}/{gap.pictures}"
