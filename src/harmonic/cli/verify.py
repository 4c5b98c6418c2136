"""`harmonic verify`: does a model keep its promises?"""

from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.options import Data, Quiet
from harmonic.cli.progress import progress_bar
from harmonic.cli.repeatable import check_target
from harmonic.cli.text import examples, say, tell

EXAMPLES = examples(
    "harmonic verify restore-fast --data photos/",
    "harmonic verify runs/mine/restore-fast.safetensors --data photos/ -o report/",
    "harmonic verify restore-fast --data photos/ --quick --json | jq .failed",
)


def verify(
    model: Annotated[str, typer.Argument(help="A bundled model or a weights file.", metavar="NAME|WEIGHTS")],
    data: Data,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the report; default: NAME-verify.", metavar="DIR")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer and smaller crops; under a minute on two cores.")
    ] = False,
    lpips: Annotated[
        Path | None, typer.Option("--lpips", help="Weights of LPIPS, to measure texture with.", metavar="FILE")
    ] = None,
    json_wanted: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Check a model against its bounds and write a report with pictures.

    Laws of the network, clean and damaged pictures, structure and texture apart, experts, ringing, colour, text, cost
    and precision. The crops are those that val.txt in DIR lists, else the middles of its pictures. Writes report.html,
    report.md and report.json; the exit code is 0 when every check passes and 1 when one fails.
    """
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.images.atomic import atomic_write
    from harmonic.measure.verify import page, text
    from harmonic.measure.verify.run import verify as run

    keep_freed_memory()
    folder = output or Path(f"{Path(model).stem}-verify")
    check_target(folder / "report.html")
    with progress_bar("verifying", quiet) as progress:
        report = run(model, data, quick=quick, perceptual=lpips, progress=progress)
    atomic_write(folder / "report.html", page.page(report).encode())
    atomic_write(folder / "report.md", text.markdown(report).encode())
    atomic_write(folder / "report.json", text.as_json(report).encode())
    tell((text.as_json(report) if json_wanted else text.lines(report)).rstrip("\n"))
    if not quiet:
        say(f"written: {folder / 'report.html'}")
    if report.failed:
        raise typer.Exit(1)
