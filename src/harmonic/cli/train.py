"""`harmonic train`: train a network by a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.text import examples, say, tell

EXAMPLES = examples(
    "harmonic train recipes/restore_fast.yaml --data pictures/ --out runs/mine",
    "harmonic train recipes/restore_fast.yaml --data pictures/ --check           # before a long run",
    "harmonic train recipes/restore_fast.yaml --data pictures/ --plan            # hours and memory",
    "harmonic train recipes/restore_fast.yaml --data pictures/ --out runs/short --max-minutes 30 ema=0.99",
)


def train(
    recipe: Annotated[Path | None, typer.Argument(help="A recipe file.", metavar="RECIPE")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Changes to the recipe, such as schedule.steps=2000.", metavar="KEY=VALUE"),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Folder of pictures, or packed file; may be repeated.", metavar="DIR"),
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option(help="Folder of the pictures' degraded partners.", metavar="DIR")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="Which belong together: lines `input target`; default: by name.", metavar="FILE")
    ] = None,
    strict_data: Annotated[bool, typer.Option("--strict-data", help="Refuse to start with a bad picture.")] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder of the run: states, weights, log.", metavar="DIR")
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(min=0, metavar="M", help="End, cooled down, after so many minutes of training in all."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on with the run in --out, or start anew.")
    ] = True,
    init: Annotated[
        Path | None, typer.Option(help="Weights to start from; what fits is taken.", metavar="NAME|FILE")
    ] = None,
    device: Annotated[str, typer.Option(help="Where to compute.", metavar="cpu|cuda")] = "cpu",
    check: Annotated[bool, typer.Option("--check", help="Rehearse everything in a minute, then stop.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Measure a few steps; print time and memory.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of recipes, for editors.")] = False,
    replay: Annotated[
        Path | None, typer.Option(help="Play a bad step of a run's folder again.", metavar="FILE")
    ] = None,
) -> None:
    """Train a network. The same command again goes on where the run stopped; prints the weights file.

    With several processes: torchrun --nproc-per-node N -m harmonic.train, same arguments.
    """
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.train.commands import Wanted, answer

    keep_freed_memory()
    wanted = Wanted(
        recipe, overrides or (), data or (), inputs, pairs, strict_data, out, max_minutes, resume, init, device,
        check, plan, schema, replay,
    )  # fmt: skip
    for line in answer(wanted, say):
        tell(line)
