"""`harmonic info`: what a weights file says about itself."""

import json
from typing import Annotated, Any

import typer

from harmonic.cli.text import examples, tell

EXAMPLES = examples("harmonic info restore-fast", "harmonic info runs/mine/restore-fast.safetensors --json")


def info(
    model: Annotated[str, typer.Argument(help="A bundled model or a weights file.", metavar="NAME|FILE")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Show the card of a model: task, licence, data, configuration, parameters, reach."""
    from harmonic.assets import find_weights
    from harmonic.network.checkpoint import load_network

    path = find_weights(model)
    network, card = load_network(path)
    facts: dict[str, Any] = {
        "file": str(path),
        "bytes": path.stat().st_size,
        **card.model_dump(mode="json", exclude={"config"}),
        "scale": card.scale,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "reach": network.reach,
        "grid": network.grid,
        "config": card.config.model_dump(mode="json"),
    }
    if as_json:
        tell(json.dumps(facts))
        return
    for name, value in facts.items():
        tell(f"{name:<12}{json.dumps(value) if name == 'config' else value}")
