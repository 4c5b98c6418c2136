"""`harmonic info`: what a model is, says about itself, and costs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harmonic.cli.text import examples, tell
from harmonic.errors import UsageError, WeightsError

if TYPE_CHECKING:
    from harmonic.network.harmonic import Harmonic

EXAMPLES = examples(
    "harmonic info restore-fast",
    "harmonic info base --scale 4 --depth 2",
    "harmonic info runs/mine/restore-fast.safetensors --json",
    "harmonic info fast --svg fast.svg",
)


def info(
    model: Annotated[str | None, typer.Argument(help="What to describe.", metavar="NAME|FILE|PRESET")] = None,
    option: Annotated[
        str | None,
        typer.Option("-m", "--model", help="The same, as other commands take it.", metavar="NAME|FILE|PRESET"),
    ] = None,
    scale: Annotated[int | None, typer.Option("-s", "--scale", min=1, max=4, help="Enlargement of a preset.")] = None,
    depth: Annotated[int, typer.Option(min=1, help="How deep the table of modules goes.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Draw the network into this file instead.", metavar="FILE")] = None,
) -> None:
    """Describe a model: card, modules, cost, and what each section of the seed became.

    A model is a bundled name, a weights file, or a preset (tiny, fast, base, large), which has no weights. GMAC/MP are
    thousand million multiply-adds per megapixel of input, in training form and fused; reach and grid are in input
    pixels.
    """
    from harmonic.cli.info_tables import write_tables
    from harmonic.images.atomic import atomic_write
    from harmonic.network.cost import network_cost
    from harmonic.network.drawing import draw
    from harmonic.network.seed import seed_map

    if (model is None) == (option is None):
        raise UsageError("model: give one, either as an argument or with --model; see harmonic info --help")
    network, facts = _described(model or option or "", scale)
    if svg is not None:
        atomic_write(svg, draw(network, facts["name"]).encode(), overwrite=True)
        return
    costs, ideas = network_cost(network), seed_map(network)
    facts |= {
        "parameters": costs[0].parameters,
        "gmac_per_megapixel": {"train": costs[0].macs / 1000, "deploy": costs[0].fused_macs / 1000},
        "reach": network.reach,
        "grid": network.grid,
    }
    if as_json:
        rows = [asdict(cost) for cost in costs if cost.depth <= depth]
        config = network.config.model_dump(mode="json")
        tell(json.dumps({**facts, "modules": rows, "seed": [asdict(idea) for idea in ideas], "config": config}))
        return
    write_tables(facts, costs, ideas, depth)


def _described(model: str, scale: int | None) -> tuple["Harmonic", dict[str, Any]]:
    """The network, and what its card and its file say. A preset has neither."""
    from harmonic.assets import find_weights
    from harmonic.network.checkpoint import load_network
    from harmonic.network.harmonic import Harmonic
    from harmonic.network.presets import PRESETS

    if model in PRESETS:
        network = Harmonic(PRESETS[model](scale or 1))  # type: ignore[arg-type]
        return network, {"name": model, "task": "a preset without weights", "scale": network.scale}
    if scale is not None:
        raise UsageError(f"--scale: {model} has weights, which fix it; leave the option out, or name a preset")
    try:
        path = find_weights(model)
    except WeightsError as error:
        raise WeightsError(f"{error}, or a preset: {', '.join(PRESETS)}") from None
    network, card = load_network(path)
    file = {"file": str(path), "bytes": path.stat().st_size}
    return network, {**file, **card.model_dump(mode="json", exclude={"config"}), "scale": card.scale}
