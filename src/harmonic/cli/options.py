"""Options that several commands share, and the values they may have."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """Formats that can be written; auto = that of the input."""

    auto = "auto"
    png = "png"
    jpg = "jpg"
    webp = "webp"
    tiff = "tiff"
    avif = "avif"
    bmp = "bmp"


class Precision(StrEnum):
    """Arithmetic of the network; auto = bf16 where the hardware has it."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class Engine(StrEnum):
    """What runs a batch."""

    local = "local"
    ray = "ray"


def a_path(value: Path | None) -> Path | None:
    """The value of an option, unless it was forgotten and the next option stands in its place: then BadParameter."""
    if value is not None and str(value).startswith("-"):
        raise typer.BadParameter(f"{value} is another option, and a path is missing here; ./{value} is a path")
    return value


EngineOption = Annotated[Engine, typer.Option("--engine", help="ray: workers on a Ray cluster (extra `ray`).")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="With --engine ray; default: one per GPU or two processors.", metavar="N")
]
Address = Annotated[
    str | None,
    typer.Option(help="Of a Ray cluster (auto, host:port); default: one of its own on this machine.", metavar="ADDR"),
]


Model = Annotated[
    str,
    typer.Option("-m", "--model", help="A bundled model (harmonic models) or a weights file.", metavar="NAME|FILE"),
]
Device = Annotated[str, typer.Option(help="Where to compute; cuda:1 names a second GPU.", metavar="auto|cpu|cuda")]
PrecisionOption = Annotated[
    Precision, typer.Option("--precision", help="auto: bf16 where the hardware has it, fp32 to enlarge.")
]
RuntimeOption = Annotated[
    str,
    typer.Option("--runtime", metavar="auto|torch|openvino|onnx", help="What computes; harmonic doctor compares them."),
]
TileOption = Annotated[
    str,
    typer.Option("--tile", metavar="auto|N|off", help="Tile size in pixels; tiles never change the result."),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no notes, errors only.")]
Data = Annotated[Path, typer.Option("--data", help="Folder of pictures.", metavar="DIR")]
