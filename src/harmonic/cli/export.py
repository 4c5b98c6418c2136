"""`harmonic export`: a model as a file that other programs run."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.text import examples, say, tell

EXAMPLES = examples(
    "harmonic export restore-fast                             # restore-fast.onnx",
    "harmonic export restore-fast --to openvino -o models/    # models/restore-fast.xml and .bin",
    "harmonic export restore-fast --static 512                # restore-fast-512.onnx",
)


class Target(StrEnum):
    """Formats of exported files."""

    onnx = "onnx"
    openvino = "openvino"


def export(
    model: Annotated[str, typer.Argument(help="A bundled model or a weights file.", metavar="NAME|WEIGHTS")],
    to: Annotated[Target, typer.Option("--to", help="Format of the file.")] = Target.onnx,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the files.", metavar="DIR")] = Path(),
    parts: Annotated[
        bool, typer.Option("--parts", help="Also NAME-parts: context and noise as inputs, the parts as outputs.")
    ] = False,
    static: Annotated[
        int | None,
        typer.Option("--static", min=1, metavar="N", help="Take pictures of N x N only, for programs that need that."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
) -> None:
    """Write a model as ONNX or OpenVINO file: input and output (batch, 3, height, width), RGB in [0, 1], fp32.

    Any size works unless --static fixes it. The file says what it is in its metadata. It is compared with torch at
    three sizes first, and gets its name only when the largest difference is at most 1e-4. Needs the extra `export`.
    """
    import hashlib

    from harmonic.assets import find_weights
    from harmonic.network.checkpoint import load_network
    from harmonic.network.deploy import fuse
    from harmonic.restore.runtimes.exported_file import SUFFIXES, export_file

    path = find_weights(model)
    network, card = load_network(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    deployed = fuse(network)
    for with_parts in (False, True) if parts else (False,):
        marks = ("-parts" if with_parts else "") + (f"-{static}" if static else "")
        target = output / f"{card.name}{marks}{SUFFIXES[to]}"
        say(f"{target}: is made and compared with torch, which takes about a minute")
        done = export_file(
            deployed, card, digest, target, to.value, parts=with_parts, static=static, overwrite=overwrite
        )
        sizes = ", ".join(f"{width}x{height}" for height, width in dict.fromkeys(done.sizes))
        say(f"{target}: differs from torch by at most {done.difference:.1e} ({sizes})")
        tell(target)
