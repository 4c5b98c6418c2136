"""`harmonic restore`: pictures in, better pictures out."""

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harmonic.cli.options import Device, Format, Model, Precision, PrecisionOption, Quiet, RuntimeOption, TileOption
from harmonic.cli.progress import progress_bar
from harmonic.cli.text import examples, say, tell
from harmonic.errors import PictureError

if TYPE_CHECKING:
    from harmonic.restore.batch import Outcome, Pair
    from harmonic.restore.restorer import Restorer

EXAMPLES = examples(
    "harmonic restore photo.jpg                      # writes photo-restored.jpg",
    "harmonic restore photo.jpg -o better.png",
    "harmonic restore scans/ -o restored/            # a folder; run again to go on",
    "harmonic restore photo.jpg --strength 0.6       # a gentler correction",
)


def restore(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.", metavar="INPUT")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="A file for one picture, else a folder; default: beside it."
        ),
    ] = None,
    model: Model = "restore-fast",
    scale: Annotated[
        int | None,
        typer.Option("-s", "--scale", help="Enlargement; default: the model's.", min=1, max=4, metavar="N"),
    ] = None,
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
    quality: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Of lossy formats; default: JPEG 95, AVIF 90."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    quiet: Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per picture on stdout.")] = False,
) -> None:
    """Restore pictures. Colour profile, EXIF data, transparency and size are kept.

    Prints the name of each result. A picture that fails is reported and the others go on (exit code 1).
    """
    pairs, failures = _pair(inputs, output, format)
    if not pairs:
        raise typer.Exit(1)

    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.restore.batch import Done, Failed, Settings, restore_files
    from harmonic.restore.ledger import Ledger
    from harmonic.restore.restorer import Restorer

    keep_freed_memory()
    if runtime in ("openvino", "onnx") and not quiet:
        say(f"{runtime}: makes a file of the network on its first use, which takes about a minute")
    restorer = Restorer(
        model, device=device, precision=precision, runtime=runtime, tile=tile, scale=scale, budget=budget
    )
    if not quiet:
        say(_introduction(restorer, tile))
    settings = Settings(
        strength=strength, detail=detail, texture=texture, seed=seed, quality=quality, overwrite=overwrite
    )
    folder = _folder_of_results(inputs, output, pairs)
    done = skipped = 0
    with Ledger(folder) if folder else nullcontext() as ledger, progress_bar("restoring", quiet) as progress:
        for outcome in restore_files(restorer, pairs, settings, ledger=ledger, progress=progress):
            _tell(outcome, quiet, as_json)
            match outcome:
                case Done():
                    done += 1
                case Failed():
                    failures += 1
                case _:
                    skipped += 1
    if not quiet and done + skipped + failures > 1:
        say(f"{done} restored, {skipped} done before, {failures} failed")
    if failures:
        raise typer.Exit(1)


def _pair(inputs: list[Path], output: Path | None, format: Format) -> tuple[list["Pair"], int]:
    """All (source, target) pairs, and the number of inputs that stand for no picture, which are reported."""
    from harmonic.images.folder import list_pictures, pair_outputs

    good, failures = [], 0
    for given in inputs:
        try:
            list_pictures(given)
            good.append(given)
        except PictureError as error:
            say(f"error: {error}")
            failures += 1
    pairs = pair_outputs(good, output, format)
    if output is not None and any(_lies_below(output, given) for given in good):
        # Results of an earlier run inside the input folder are not new inputs.
        pairs = [(source, target) for source, target in pairs if not _lies_below(source, output)]
    return pairs, failures


def _lies_below(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def _folder_of_results(inputs: list[Path], output: Path | None, pairs: list["Pair"]) -> Path | None:
    """The folder that gets a ledger: that of -o, or one input folder whose results go beside the sources."""
    if output is not None:
        return None if any(target == output for _, target in pairs) else output
    return inputs[0] if len(inputs) == 1 and inputs[0].is_dir() else None


def _introduction(restorer: "Restorer", tile: str) -> str:
    name = restorer.card.name if restorer.card else "network"
    rounded = f", tile {tile} rounded up to {restorer.tile}" if tile not in ("auto", "off", str(restorer.tile)) else ""
    return f"{name} on {restorer.device} by {restorer.runtime} in {restorer.precision}{rounded}"


def _tell(outcome: "Outcome", quiet: bool, as_json: bool) -> None:
    from harmonic.images.message import shown
    from harmonic.restore.batch import Done, Failed

    match outcome:
        case Done(source, target, report):
            status, details = "restored", asdict(report)
            for note in () if quiet else report.notes:
                say(f"{shown(source)}: {note}")
        case Failed(source, target, reason):
            status, details = "failed", {"source": source, "target": target, "reason": reason}
            say(f"error: {reason}")
        case _:
            source, target = outcome.source, outcome.target
            status, details = "skipped", {"source": source, "target": target}
            if not quiet:
                say(f"{shown(target)}: is this very result already")
    if as_json:
        tell(json.dumps({"status": status, **details}, default=str))
    elif status == "restored":
        tell(target)
