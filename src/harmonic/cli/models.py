"""`harmonic models`: the bundled models."""

import json
from typing import Annotated

import typer

from harmonic.cli.text import examples, say, tell

EXAMPLES = examples("harmonic models", "harmonic models --json")


def models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per model.")] = False,
) -> None:
    """List the bundled models: name, enlargement, task, licence."""
    from harmonic.assets import model_names, weights_path

    if not (names := model_names()):
        say("no models are bundled in this installation; name a weights file with --model")
        return

    from harmonic.network.checkpoint import load_network

    for name in names:
        _, card = load_network(weights_path(name))
        if as_json:
            tell(json.dumps({"name": name, "scale": card.scale, "task": card.task, "licence": card.licence}))
        else:
            tell(f"{name}  x{card.scale}  {card.task}  ({card.licence})")
