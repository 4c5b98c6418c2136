"""`harmonic train`: train a network by a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.options import Data
from harmonic.cli.text import examples, say, tell

EXAMPLES = examples(
    "harmonic train recipes/restore_fast.yaml --data pictures/ --out runs/mine",
    "harmonic train recipes/restore_fast.yaml --data pictures/ --out runs/short --max-minutes 30 steps=2000",
)


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.", metavar="RECIPE")],
    data: Data,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the run: state, weights, log.", metavar="DIR")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes to the recipe, such as steps=2000.", metavar="KEY=VALUE")
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0, metavar="M", help="End, cooled down, by then.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on with the run in --out, or start anew.")
    ] = True,
    init: Annotated[Path | None, typer.Option(help="Weights file to start from.", metavar="FILE")] = None,
    device: Annotated[str, typer.Option(help="Where to compute.", metavar="cpu|cuda")] = "cpu",
) -> None:
    """Train a network. The same command again goes on where the run stopped; prints the weights file."""
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.train.__main__ import print_row
    from harmonic.train.loop import run

    keep_freed_memory()
    weights = run(
        recipe, data, out, overrides=overrides or (), max_minutes=max_minutes, resume=resume, init=init, device=device,
        report=print_row, say=say,
    )  # fmt: skip
    tell(weights)
