"""Options of `harmonic restore` that dial and show, and their values put together."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harmonic.cli.options import a_path

if TYPE_CHECKING:
    from harmonic.restore.size import Size


class MetadataWish(StrEnum):
    """What the result keeps of EXIF and XMP data."""

    keep = "keep"
    strip = "strip"  # pyright: ignore[reportAssignmentType]
    strip_gps = "strip-gps"


ModelOfSize = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        help="A bundled model (harmonic models) or a weights file; default: restore-fast, or what the size asks for.",
        metavar="NAME|FILE",
    ),
]
Scale = Annotated[
    float | None,
    typer.Option("-s", "--scale", help="Enlargement, also 1.5 or 0.5; default: the model's.", metavar="X"),
]
Width = Annotated[int | None, typer.Option(help="Pixels of the result, exactly.", metavar="N")]
Height = Annotated[int | None, typer.Option(help="Pixels of the result, exactly.", metavar="N")]
MinSide = Annotated[int | None, typer.Option(help="Pixels of the result's shorter side.", metavar="N")]
Megapixels = Annotated[float | None, typer.Option(help="Area of the result.", metavar="X")]
MaskFile = Annotated[
    Path | None,
    typer.Option("--mask", help="Grey picture of the input's size: white is restored, black left.", metavar="FILE"),
]
Wrap = Annotated[bool, typer.Option("--wrap", help="For textures that repeat: borders continue on the other side.")]
Ensemble = Annotated[bool, typer.Option("--ensemble", help="Mean over 8 flips and rotations; 8 times the time.")]
Keep = Annotated[MetadataWish, typer.Option("--metadata", help="What the result keeps of EXIF and XMP data.")]
Maps = Annotated[
    Path | None,
    typer.Option(
        help="Write what was changed, and what was invented, as pictures into DIR.", metavar="DIR", callback=a_path
    ),
]
Compare = Annotated[
    Path | None,
    typer.Option(help="Write a before/after page and picture of each result into DIR.", metavar="DIR", callback=a_path),
]
ReportSwitch = Annotated[bool, typer.Option("--report", help="Noise, sharpness, blocks before and after; fidelity.")]
Watch = Annotated[bool, typer.Option("--watch", help="Go on restoring what comes into the folder, until Ctrl-C.")]


def wanted(
    scale: float | None, width: int | None, height: int | None, min_side: int | None, megapixels: float | None
) -> "Size | None":
    """The size asked for, None = none. Raises UsageError for more than one, and for impossible ones."""
    from harmonic.restore.size import Size

    given = {"scale": scale, "width": width, "height": height, "min_side": min_side, "megapixels": megapixels}
    if all(value is None for value in given.values()):
        return None
    return Size(**given)  # pyright: ignore[reportArgumentType]
