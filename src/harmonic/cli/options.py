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


Model = Annotated[
    str,
    typer.Option("-m", "--model", help="A bundled model (harmonic models) or a weights file.", metavar="NAME|FILE"),
]
Device = Annotated[str, typer.Option(help="Where to compute; cuda:1 names a second GPU.", metavar="auto|cpu|cuda")]
PrecisionOption = Annotated[Precision, typer.Option("--precision", help="auto: bf16 where the hardware has it.")]
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
