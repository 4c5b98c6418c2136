"""`harmonic bench`: measure a model under published protocols."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harmonic.cli import bench_peers, bench_speed
from harmonic.cli.dials import Ensemble
from harmonic.cli.options import Data, Device, Model, Precision, PrecisionOption, Quiet
from harmonic.cli.progress import progress_bar
from harmonic.cli.repeatable import check_target, repeatable, short
from harmonic.cli.text import examples, say, tell

if TYPE_CHECKING:
    from harmonic.measure.clouds import SetMeasure, TileMeasure
    from harmonic.measure.measures import Measure

LOCAL = ("data", "device", "quiet", "save", "sheet")
"""Parameters that another machine may have otherwise."""

app = typer.Typer(help="Measure a model.", no_args_is_help=True, rich_markup_mode=None)


@app.command(
    "quality",
    epilog=examples(
        "harmonic bench quality --data pictures/",
        "harmonic bench quality --data pictures/ --suite denoise --suite clean --json result.json",
        "harmonic bench quality --data pictures/ --suite jpeg --measure gmsd --sheet crops.png",
        "harmonic bench quality --data pictures/ --inputs --suite sr --published results/published.csv",
    ),
)
def quality(
    context: typer.Context,
    data: Data,
    suite: Annotated[
        list[str] | None,
        typer.Option(
            "--suite",
            help="sr, denoise, jpeg, deblur, hmix, all-in-one, clean, second-order or real; repeatable; "
            "default: all that fit the model.",
        ),
    ] = None,
    model: Model = "restore-fast",
    inputs: Annotated[
        bool, typer.Option("--inputs", help="No model: measure the degraded inputs, enlarged by bicubic in sr.")
    ] = False,
    ensemble: Ensemble = False,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            help="Besides PSNR and SSIM: psnr_y, psnr_b, psnr_b_real, psnr_b_channels, psnr_b_luma, ms_ssim, "
            "ssim_box, gmsd, lf_input, colour_shift, texture, niqe_free, fd_nss, p63, or all; repeatable.",
        ),
    ] = None,
    lpips: Annotated[
        Path | None, typer.Option(help="Take LPIPS-VGG too, with the weights of this file.", metavar="FILE")
    ] = None,
    inception: Annotated[
        Path | None, typer.Option(help="Take patch-FID too, with the weights of this file.", metavar="FILE")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N pictures of a set.", metavar="N")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures there.", metavar="FILE")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw crops of input, output and clean picture there.", metavar="FILE")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the restored pictures there, as PNG.", metavar="DIR")] = None,
    published: Annotated[
        Path | None, typer.Option(help="Show published rows of this table beside ours (CSV).", metavar="FILE")
    ] = None,
    device: Device = "auto",
    precision: PrecisionOption = Precision.auto,
    quiet: Quiet = False,
) -> None:
    """Damage clean pictures, restore them, and print PSNR and SSIM before and after."""
    from dataclasses import replace
    from datetime import UTC, datetime
    from functools import partial

    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.errors import UsageError
    from harmonic.images.atomic import atomic_write
    from harmonic.measure.published import beside_published, read_published
    from harmonic.measure.score import Sight, bench_quality
    from harmonic.measure.sheet import Sheet, save_output
    from harmonic.measure.suites import NAMES, fitting_names, suites_named
    from harmonic.measure.table import as_json, content_of, markdown
    from harmonic.restore.restorer import Restorer

    for known in suite or ():
        suites_named(known, None)
    for target in (json_file, sheet):
        check_target(target)
    if sheet and sheet.suffix.lower() != ".png":
        raise UsageError(f"--sheet {sheet}: is written as PNG; name it so")
    measures, set_measures = _measures(measure or [], lpips, inception)
    rows = read_published(published) if published else None
    restorer, restore, scale, name, trained_on = None, None, None, "", ""
    if inputs and ensemble:
        raise UsageError("--ensemble with --inputs: there is no model to run eight times; drop one of them")
    if not inputs:
        keep_freed_memory()
        restorer = Restorer(model, device=device, precision=precision)
        restore = partial(restorer.restore, ensemble=ensemble)
        scale = restorer.scale
        name = f"{short(model)}{'+' if ensemble else ''}, {restorer.device} {restorer.precision}"
        trained_on = restorer.card.data if restorer.card else ""
    suites = suite or fitting_names(scale)
    if not suite and not quiet and (left := [name for name in NAMES if name not in suites]):
        say(f"left out: {', '.join(left)}, which a model that enlarges by {scale} does not fit")
    drawn = Sheet() if sheet else None

    def look(sight: Sight) -> None:
        if drawn:
            drawn.add(sight)
        if save:
            save_output(sight, save)

    with progress_bar("measuring", quiet) as progress:
        report = bench_quality(
            restore,
            suites,
            data,
            scale=scale or 1,
            model=name,
            trained_on=trained_on,
            measures=measures,
            set_measures=set_measures,
            limit=limit,
            progress=progress,
            look=look,
        )
    command = repeatable(context, "harmonic bench quality --data DATA", LOCAL)
    date, digest = datetime.now(UTC).date().isoformat(), restorer.digest if restorer else None
    content = content_of(replace(report, command=command, date=date, sha256=digest or ""))
    tell(markdown(content).rstrip("\n"))
    if rows is not None:
        beside = beside_published(content, rows).rstrip("\n")
        tell("\n" + (beside or f"{published}: no row is of these sets and settings"))
    if json_file:
        atomic_write(json_file, as_json(content).encode(), overwrite=True)
    if sheet and drawn:
        drawn.write(sheet)


app.command("speed", epilog=bench_speed.EXAMPLES)(bench_speed.speed)
app.command("peers", epilog=bench_peers.EXAMPLES)(bench_peers.peers)


def _measures(
    names: list[str], lpips: Path | None, inception: Path | None
) -> "tuple[list[Measure], list[SetMeasure | TileMeasure]]":
    """What is asked for by name and by weights. Raises UsageError and WeightsError."""
    from harmonic.measure.clouds import OF_SETS, patch_fid_measure
    from harmonic.measure.lpips import load_lpips
    from harmonic.measure.measures import MEASURES, lpips_measure, measure_named
    from harmonic.measure.patch_fid import load_inception

    everything = "all" in names
    of_sets: list[SetMeasure | TileMeasure] = [measure for measure in OF_SETS if everything or measure.name in names]
    known = {measure.name for measure in of_sets}
    wanted = list(MEASURES) if everything else [measure_named(name) for name in names if name not in known]
    if lpips:
        wanted.append(lpips_measure(load_lpips(lpips)))
    if inception:
        of_sets.append(patch_fid_measure(load_inception(inception)))
    return wanted, of_sets
