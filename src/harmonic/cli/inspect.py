"""`harmonic inspect`: what is wrong with pictures, and what to do about it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harmonic.cli.text import examples, say, tell
from harmonic.errors import PictureError, shown

if TYPE_CHECKING:
    from harmonic.restore.inspect import Diagnosis

EXAMPLES = examples("harmonic inspect photo.jpg", "harmonic inspect scans/ --json")


def inspect(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.", metavar="INPUT")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per picture.")] = False,
) -> None:
    """Estimate noise, blur, JPEG quality and earlier enlargement, and name the model and command that fit.

    Estimates from the picture alone: fine regular texture passes for noise, what is soft by intention for blur.
    """
    from harmonic.assets import model_names
    from harmonic.images.folder import list_pictures
    from harmonic.restore.inspect import inspect_picture

    failures = 0
    for given in inputs:
        try:
            sources = list_pictures(given)
        except PictureError as error:
            say(f"error: {error}")
            failures += 1
            continue
        for source in sources:
            try:
                diagnosis = inspect_picture(source, model_names())
            except PictureError as error:
                say(f"error: {error}")
                failures += 1
            else:
                tell(json.dumps(asdict(diagnosis), default=str) if as_json else _readable(diagnosis))
    if failures:
        raise typer.Exit(1)


def _readable(d: "Diagnosis") -> str:
    width, height = d.size
    profile = d.profile or "no profile (sRGB)"
    signs = f"noise σ {d.signs.noise:.1f}, sharpness {d.signs.sharpness:.2f}, blocks {d.signs.blockiness:.2f}"
    quality = "" if d.jpeg_quality is None else f", JPEG quality {d.jpeg_quality}"
    seen = "; ".join(d.findings) or "nothing is seen that needs restoring"
    return (
        f"{shown(d.source)}\n  {d.format} {width}x{height}, {d.mode}, {d.depth} bit, {profile}\n"
        f"  {signs}{quality}\n  {seen}" + (f"\n  try: {d.command}" if d.findings and d.command else "")
    )
