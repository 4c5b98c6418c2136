"""`harmonic bench`: measure a model under published protocols."""

from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.options import Data, Device, Model, Precision, PrecisionOption, Quiet
from harmonic.cli.progress import progress_bar
from harmonic.cli.text import examples, tell

app = typer.Typer(help="Measure a model.", no_args_is_help=True, rich_markup_mode=None)


@app.command(
    "quality",
    epilog=examples(
        "harmonic bench quality --data pictures/",
        "harmonic bench quality --data pictures/ --suite denoise --suite clean --json result.json",
    ),
)
def quality(
    data: Data,
    suite: Annotated[
        list[str] | None,
        typer.Option("--suite", help="denoise, jpeg, deblur, hmix or clean; repeatable; default: all."),
    ] = None,
    model: Model = "restore-fast",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N pictures of a set.", metavar="N")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures there.", metavar="FILE")] = None,
    device: Device = "auto",
    precision: PrecisionOption = Precision.auto,
    quiet: Quiet = False,
) -> None:
    """Damage clean pictures, restore them, and print PSNR and SSIM before and after."""
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.images.atomic import atomic_write
    from harmonic.measure.score import bench_quality
    from harmonic.measure.suites import SUITES, suite_named
    from harmonic.measure.table import as_json, markdown
    from harmonic.restore.restorer import Restorer

    suites = suite or [known.name for known in SUITES]
    for name in suites:
        suite_named(name)
    keep_freed_memory()
    restorer = Restorer(model, device=device, precision=precision)
    with progress_bar("measuring", quiet) as progress:
        name = f"{model}, {restorer.device} {restorer.precision}"
        report = bench_quality(restorer.restore, suites, data, model=name, limit=limit, progress=progress)
    tell(markdown(report).rstrip("\n"))
    if json_file:
        atomic_write(json_file, as_json(report).encode())
