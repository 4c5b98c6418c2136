"""The tables of `harmonic info`: facts, modules and their cost, sections of the seed. Plain columns where piped."""

import sys
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from harmonic.network.cost import Cost
    from harmonic.network.seed import Idea

PIPED_WIDTH = 200  # nothing is folded where a program reads


def write_tables(facts: dict[str, Any], costs: "list[Cost]", ideas: "list[Idea]", depth: int) -> None:
    """Everything on stdout, modules to `depth` levels."""
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    for table in (_facts(facts, costs), _modules(costs, depth), _seed(ideas)):
        table.box = box.SIMPLE_HEAD if console.is_terminal else None
        console.print(table)
        if not console.is_terminal:
            console.print()


def _facts(facts: dict[str, Any], costs: "list[Cost]") -> Table:
    table = Table("name", "value", show_header=False)
    for name, value in facts.items():
        if name not in ("parameters", "gmac_per_megapixel", "reach", "grid"):
            table.add_row(name, str(value))
    whole, modules = costs[0], {cost.name: cost for cost in costs}
    table.add_row("parameters", f"{whole.parameters:,} ({whole.fused_parameters:,} fused)")
    table.add_row("multiply-adds", f"{_gmac(whole.macs)} G per input megapixel ({_gmac(whole.fused_macs)} fused)")
    if "hf.texture" in modules:
        table.add_row("", f"{_gmac(modules['hf.texture'].macs)} of these for generated texture, made on request")
    if "context" in modules:
        table.add_row("", "the context encoder is not among them: it runs once per picture")
    table.add_row("reach", f"{facts['reach']} pixels")
    table.add_row("grid", f"{facts['grid']} pixels")
    return table


def _modules(costs: "list[Cost]", depth: int) -> Table:
    table = Table("module", "class")
    for heading in ("parameters", "fused", "GMAC/MP", "fused", "share", "reach"):
        table.add_column(heading, justify="right")
    whole, *modules = costs
    for cost in modules:
        if cost.depth <= depth:
            indented = "  " * (cost.depth - 1) + cost.name.split(".")[-1]
            table.add_row(indented, cost.kind, *_figures(cost, whole))
    fixed, fused_fixed = (
        getattr(whole, field) - sum(getattr(cost, field) for cost in modules if cost.depth == 1)
        for field in ("macs", "fused_macs")
    )
    table.add_row("", "fixed filters", "", "", _gmac(fixed), _gmac(fused_fixed), _share(fixed, whole), "")
    table.add_section()
    table.add_row("all", whole.kind, *_figures(whole, whole))
    return table


def _figures(cost: "Cost", whole: "Cost") -> tuple[str, ...]:
    counts = f"{cost.parameters:,}", f"{cost.fused_parameters:,}"
    reach = "" if cost.reach is None else str(cost.reach)
    return *counts, _gmac(cost.macs), _gmac(cost.fused_macs), _share(cost.macs, whole), reach


def _gmac(macs: float) -> str:
    """Multiply-adds per pixel, as thousands of millions per megapixel."""
    return f"{macs / 1000:.2f}"


def _share(macs: float, whole: "Cost") -> str:
    return f"{macs / whole.macs:.1%}"


def _seed(ideas: "list[Idea]") -> Table:
    table = Table("seed", "idea", "in this network")
    for idea in ideas:
        table.add_row(idea.section, idea.idea, idea.became or "not in this network")
    return table
