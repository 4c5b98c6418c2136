"""`harmonic compare`: several models on one picture, or on a part of it."""

from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.companions import show_comparison
from harmonic.cli.options import Device, Precision, PrecisionOption, Quiet, TileOption
from harmonic.cli.progress import progress_bar
from harmonic.cli.text import examples, tell
from harmonic.errors import UsageError

EXAMPLES = examples(
    "harmonic compare photo.jpg -o look/photo               # look/photo.html and look/photo.compare.png",
    "harmonic compare photo.jpg -m restore-fast -m mine.safetensors --crop 800,600,512,384 -o look/photo",
)


def compare(
    picture: Annotated[Path, typer.Argument(help="A picture.", metavar="PICTURE")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Name of the results, without ending.", metavar="PATH")
    ],
    models: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", help="A model to be shown; several times for several.", metavar="NAME|FILE"),
    ] = None,
    crop: Annotated[
        str | None, typer.Option(help="Only this part, in pixels; it is restored as in the whole.", metavar="X,Y,W,H")
    ] = None,
    device: Device = "auto",
    precision: PrecisionOption = Precision.auto,
    tile: TileOption = "auto",
    strength: Annotated[float, typer.Option(min=0, max=1, metavar="X", help="As in harmonic restore.")] = 1.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    quiet: Quiet = False,
) -> None:
    """Show one picture as models restore it: a page with a wipe, and a picture with all side by side.

    Both hold all that they show; the page opens in any browser without a network. Prints the names of both.
    """
    region = None if crop is None else _numbers(crop)

    from dataclasses import replace

    from harmonic.images.read import read_picture
    from harmonic.ops.eight_bit import to_uint8
    from harmonic.restore.parts import checked_region
    from harmonic.restore.restorer import DEFAULT_MODEL, Restorer

    stem = output.with_suffix("") if output.suffix in (".html", ".png") else output
    given = read_picture(picture)
    place = checked_region(region, *given.colour.shape[:2], name="--crop")
    shown = {"input": replace(given, colour=place.cut(given.colour).copy(), alpha=None)}
    with progress_bar("comparing", quiet) as progress:
        for model in models or [DEFAULT_MODEL]:
            restorer = Restorer(model, device=device, precision=precision, tile=tile)
            parts = restorer.decompose(given, region=place, progress=progress)
            name = next(n for n in (restorer.name, model, f"{restorer.name} {len(shown)}") if n not in shown)
            shown[name] = replace(given, colour=to_uint8(parts.mix(strength)), alpha=None)
    for path in show_comparison(stem, picture.name, shown, overwrite):
        tell(path)


def _numbers(crop: str) -> tuple[int, int, int, int]:
    try:
        x, y, width, height = (int(number) for number in crop.split(","))
    except ValueError:
        raise UsageError(f"--crop {crop}: has the form X,Y,W,H in pixels, such as 800,600,512,384") from None
    return x, y, width, height
