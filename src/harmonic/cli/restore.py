"""`harmonic restore`: pictures in, better pictures out."""

import json
import math
from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harmonic.cli.companions import Companions, common_folder
from harmonic.cli.dials import (
    Compare,
    Ensemble,
    Height,
    Keep,
    Maps,
    MaskFile,
    Megapixels,
    MetadataWish,
    MinSide,
    ModelOfSize,
    ReportSwitch,
    Scale,
    Watch,
    Width,
    Wrap,
    wanted,
)
from harmonic.cli.forecast import tell_forecast
from harmonic.cli.inputs import expanded, folder_of_results, paired, watched
from harmonic.cli.options import (
    Address,
    Device,
    Engine,
    EngineOption,
    Format,
    Precision,
    PrecisionOption,
    Quiet,
    RuntimeOption,
    TileOption,
    Workers,
    a_path,
)
from harmonic.cli.progress import progress_bar
from harmonic.cli.text import examples, say, tell
from harmonic.errors import PictureError, UsageError, shown

if TYPE_CHECKING:
    from harmonic.restore.batch import Outcome
    from harmonic.restore.restorer import Restorer

EXAMPLES = examples(
    "harmonic restore photo.jpg                      # writes photo-restored.jpg",
    "harmonic restore photo.jpg -o better.png",
    "harmonic restore scans/ -o restored/            # a folder; run again to go on",
    "harmonic restore 'scans/**/*.tif' -o restored/ --dry-run   # which, and how long it will take",
    "harmonic restore photo.jpg --strength 0.6       # a gentler correction",
    "harmonic restore photo.jpg --width 1600 --compare look/",
)


def restore(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Pictures, folders of pictures, patterns; - takes names from stdin.", metavar="INPUT"),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="A file for one picture, else a folder; default: beside it.",
            callback=a_path,
        ),
    ] = None,
    model: ModelOfSize = None,
    scale: Scale = None,
    width: Width = None,
    height: Height = None,
    min_side: MinSide = None,
    megapixels: Megapixels = None,
    format: Annotated[Format, typer.Option("--format", help="auto: the format of the input.")] = Format.auto,
    device: Device = "auto",
    precision: PrecisionOption = Precision.auto,
    runtime: RuntimeOption = "auto",
    tile: TileOption = "auto",
    strength: Annotated[
        float, typer.Option(min=0, max=1, metavar="X", help="0: the input as it is; 1: restored in full.")
    ] = 1.0,
    detail: Annotated[
        float, typer.Option(min=0, max=2, metavar="X", help="Strength of the texture correction alone; 1 is neutral.")
    ] = 1.0,
    texture: Annotated[
        float, typer.Option(min=0, max=1, metavar="X", help="Generated texture, with models that have a texture head.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Which generated texture; the same again.")] = 0,
    budget: Annotated[
        float, typer.Option(min=0, max=1, metavar="X", help="Work of the experts, where a model has them; 1: all.")
    ] = 1.0,
    mask: MaskFile = None,
    wrap: Wrap = False,
    ensemble: Ensemble = False,
    metadata: Keep = MetadataWish.keep,
    quality: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Of lossy formats; default: JPEG 95, AVIF 90."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    max_pixels: Annotated[float, typer.Option(min=0, help="Refuse pictures of more megapixels.", metavar="X")] = 512,
    page: Annotated[
        int | None, typer.Option(min=1, help="Take this page or frame of files that have several.", metavar="N")
    ] = None,
    maps: Maps = None,
    compare: Compare = None,
    report: ReportSwitch = False,
    watch: Watch = False,
    engine: EngineOption = Engine.local,
    workers: Workers = None,
    address: Address = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and in what time.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Only those that failed, or were left half-done, the last time.")
    ] = False,
    quiet: Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per picture on stdout.")] = False,
) -> None:
    """Restore pictures. Colour profile, EXIF data, transparency and size are kept.

    Prints the name of each result. A picture that fails is reported and the others go on (exit code 1).
    """
    given = expanded(inputs)
    if not (inputs := list(given)):
        raise UsageError("INPUT -: stdin names no pictures; give a name on each line")
    if watch and (dry_run or retry):
        raise UsageError("--watch: goes neither with --dry-run nor with --retry; drop one of them")
    if watch and not (len(inputs) == 1 and inputs[0].is_dir()):
        raise UsageError("--watch: looks at one folder; name it as the only INPUT")
    apart = [folder for folder in (output, maps, compare) if folder is not None]
    if watch and any(folder.resolve() == inputs[0].resolve() for folder in apart):
        raise UsageError("--watch: -o, --maps and --compare need folders of their own, else results are taken for new")
    if not math.isfinite(max_pixels):
        raise UsageError(f"--max-pixels {max_pixels}: must be a number of megapixels")
    if watch and engine == Engine.ray:
        raise UsageError("--watch: goes not with --engine ray; drop one of them")
    if engine != Engine.ray and (workers or address):
        raise UsageError("--workers, --address: are for --engine ray alone; add it, or drop them")
    size = wanted(scale, width, height, min_side, megapixels)
    pairs, failures = ([], 0) if watch else paired(given, output, format, apart)
    if not (pairs or watch):
        raise typer.Exit(1)

    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.restore.batch import Failed, restore_files
    from harmonic.restore.crew import Crew
    from harmonic.restore.file import Settings
    from harmonic.restore.fleet import Fleet
    from harmonic.restore.forecast import refuse_without_room
    from harmonic.restore.ledger import LEDGER_NAME, Ledger
    from harmonic.restore.restorer import Restorer

    if mask is not None:
        from harmonic.restore.mask import read_mask

        read_mask(mask)  # a bad one is told before any work
    keep_freed_memory()

    def make(name: str) -> Restorer:
        if runtime in ("openvino", "onnx") and not quiet:
            say(f"{runtime}: makes a file of the network on its first use, which takes about a minute")
        restorer = Restorer(name, device=device, precision=precision, runtime=runtime, tile=tile, budget=budget)
        if not quiet:
            say(_introduction(restorer, tile, texture))
        return restorer

    fleet = Fleet(make, model)
    settings = Settings(
        strength=strength,
        detail=detail,
        texture=texture,
        seed=seed,
        ensemble=ensemble,
        wrap=wrap,
        mask=mask,
        size=size,
        metadata=metadata.value,
        quality=quality,
        overwrite=overwrite,
        max_pixels=round(1e6 * max_pixels),
        page=page,
    )
    folder = (output or inputs[0]) if watch else folder_of_results(inputs, output, pairs)
    if retry and not (folder and (folder / LEDGER_NAME).exists()):
        raise UsageError("--retry: there is no ledger of an earlier run here; run without it first")
    if dry_run:
        tell_forecast(fleet, pairs, settings, folder, retry, as_json)
        return
    work = Crew(workers, address).restore_files if engine == Engine.ray else restore_files
    companions = Companions(maps, compare, report, folder or common_folder(pairs))
    tally: Counter[str] = Counter(read=failures)
    with Ledger(folder) if folder else nullcontext() as ledger, progress_bar("restoring", quiet) as progress:
        if retry and ledger:
            pairs = [pair for pair in pairs if ledger.failed_before(pair[1])]
        for batch in watched(inputs[0], output, format, apart) if watch else [pairs]:
            for restorer, group in fleet.groups(batch, size, page):
                refuse_without_room(restorer, group, settings)
                for outcome in work(restorer, group, settings, ledger=ledger, progress=progress):
                    more: dict[str, Any] = {}
                    if not isinstance(outcome, Failed):
                        try:
                            more = companions.make(outcome, restorer, settings, quiet)
                        except PictureError as error:
                            say(f"error: {error}")
                            tally["companions"] += 1
                    _tell(outcome, quiet, as_json, more)
                    tally[outcome.stage if isinstance(outcome, Failed) else type(outcome).__name__] += 1
    if not quiet and tally.total() > 1:
        say(_summary(tally))
    if tally.total() > tally["Done"] + tally["Skipped"]:
        raise typer.Exit(1)


def _introduction(restorer: "Restorer", tile: str, texture: float) -> str:
    rounded = f", tile {tile} rounded up to {restorer.tile}" if tile not in ("auto", "off", str(restorer.tile)) else ""
    unasked = "; --texture 0.4 to 1 adds generated texture" if restorer.generates and not texture else ""
    return f"{restorer.name} on {restorer.device} by {restorer.runtime} in {restorer.precision}{rounded}{unasked}"


def _summary(tally: "Counter[str]") -> str:
    stages = {"read": "reading", "restore": "restoring", "write": "writing", "companions": "showing"}
    failed = [f"{tally[stage]} in {name}" for stage, name in stages.items() if tally[stage]]
    count = tally.total() - tally["Done"] - tally["Skipped"]
    return f"{tally['Done']} restored, {tally['Skipped']} done before, {count} failed" + (
        f" ({', '.join(failed)})" if failed else ""
    )


def _tell(outcome: "Outcome", quiet: bool, as_json: bool, more: dict[str, Any]) -> None:
    from harmonic.restore.batch import Done, Failed

    match outcome:
        case Done(source, target, report):
            status, details = "restored", asdict(report)
            for note in () if quiet else report.notes:
                say(f"{shown(source)}: {note}")
        case Failed(source, target, stage, reason):
            status, details = "failed", {"source": source, "target": target, "stage": stage, "reason": reason}
            say(f"error: {reason}")
        case _:
            source, target = outcome.source, outcome.target
            status, details = "skipped", {"source": source, "target": target}
            if not quiet:
                say(f"{shown(target)}: is this very result already")
    if as_json:
        tell(json.dumps({"status": status, **details, **more}, default=str))
    elif status == "restored":
        tell(target)
