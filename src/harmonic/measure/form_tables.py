"""Tables of forms of one network trained alike: what a form gains or loses, and what it costs. Text only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harmonic.measure.markdown import markdown_table
from harmonic.measure.table import number

Content = Mapping[str, Any]
Run = Mapping[str, Any]

Budget = tuple[int, int, int, str]

_TASKS = ("noise25", "jpeg10", "blur2", "mix", "clean")
_COSTS = (("gmac", 1), ("fp32", 2), ("bf16", 2))


def form_tables(content: Content) -> list[str]:
    """One table for each budget (steps, crops, optimizer), the longest first. Markdown.

    content: `reference`, a form's name; `forms`, names in their order; `runs`, figures by form, seed and budget in dB;
    `costs` by form: GMAC/output MP, time as ratio, fp32 and bf16.
    """
    budgets = sorted({budget_of(run) for run in content["runs"]}, reverse=True)
    return [_table(content, budget) for budget in budgets]


def budget_of(run: Run) -> Budget:
    """Steps, side of the crops, crops a step, optimizer."""
    return run["steps"], run["crop"], run["batch"], run["optimizer"]


def noise_floor(content: Content, budget: Budget) -> float | None:
    """Spread of the reference's mean over its seeds, in dB; None with fewer than two."""
    means = [run["mean"] for run in _runs(content, content["reference"], budget)]
    return max(means) - min(means) if len(means) > 1 else None


def _runs(content: Content, name: str, budget: Budget) -> list[Run]:
    return [run for run in content["runs"] if run["form"] == name and budget_of(run) == budget]


def _table(content: Content, budget: Budget) -> str:
    head = ["form", "parameters, M", "GMAC/output MP", "time fp32", "bf16", *_TASKS, "high band", "1/4 size", "mean",
            f"to {content['reference']}", "seeds"]  # fmt: skip
    steps, crop, batch, optimizer = budget
    floor = noise_floor(content, budget)
    spread = "" if floor is None else f"; the reference's seeds differ by {floor:.2f} dB in the mean"
    of = {name: _runs(content, name, budget) for name in content["forms"]}
    rows = [_row(content, name, runs, of[content["reference"]]) for name, runs in of.items() if runs]
    title = f"{steps:,} steps of {batch} crops of {crop}², {optimizer}{spread}."
    return f"{title}\n\n{markdown_table(head, 'l' + 'r' * (len(head) - 1), rows)}"


def _row(content: Content, name: str, runs: Sequence[Run], reference: Sequence[Run]) -> list[str]:
    costs = content["costs"].get(name, {})
    gap = (
        "–"
        if name == content["reference"] or not reference
        else f"{_mean(runs, 'mean') - _mean(reference, 'mean'):+.2f}"
    )
    return [
        name,
        number(runs[0]["parameters"] / 1e6),
        *(number(costs.get(key), digits) for key, digits in _COSTS),
        *(number(_mean(runs, key)) for key in (*_TASKS, "high", "low", "mean")),
        gap,
        str(len(runs)),
    ]


def _mean(runs: Sequence[Run], key: str) -> float:
    return float(np.mean([run[key] for run in runs]))
