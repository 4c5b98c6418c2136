"""What is wrong with a picture, and which model and command help: a diagnosis without a reference."""

import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from harmonic.errors import shown
from harmonic.images.glance import luma_table
from harmonic.images.picture import Picture
from harmonic.images.read import OPENERS, opened, read_picture
from harmonic.ops.damage import enlarged_by
from harmonic.restore.report import Signs, levels, signs

NOISY, SOFT, BLOCKY = 4.0, 0.55, 1.15
"""Noise (grey levels) and blockiness from here on, sharpness below it count as damage; clean photographs hardly get
there."""

_POOR_JPEG = 75
_SMALL = 600  # pixels; a picture whose longer side is below this is worth enlarging


@dataclass(frozen=True)
class Diagnosis:
    """size: width and height as seen. depth: bits per channel. profile: name of the ICC profile, None without.

    signs: estimated noise, sharpness and blockiness. jpeg_quality: as the file's own tables say, None for other files.
    enlarged: by how much it was, None = nothing is seen of it. findings: in words. model, command: what to do; None:
    no model at hand helps.
    """

    source: Path
    format: str
    size: tuple[int, int]
    mode: str
    depth: int
    profile: str | None
    signs: Signs
    jpeg_quality: int | None
    enlarged: float | None
    findings: tuple[str, ...]
    model: str | None
    command: str | None


def inspect_picture(source: Path, models: Sequence[str]) -> Diagnosis:
    """models: names of those that are at hand. Raises PictureError."""
    picture = read_picture(source)
    table = None
    if picture.format == "JPEG":
        with opened(source) as (file, _, _):
            table = luma_table(OPENERS["JPEG"](file))
    return diagnosis(picture, source, table, models)


def diagnosis(picture: Picture, source: Path, table: Sequence[int] | None, models: Sequence[str]) -> Diagnosis:
    """Of a decoded picture. table: that of `glance.luma_table`."""
    colour = picture.colour
    height, width, channels = colour.shape
    samples = levels(colour)
    estimated, quality = signs(samples), None if table is None else jpeg_quality(table)
    enlarged = enlarged_by(samples.mean(2))
    found = findings(estimated, quality, enlarged)
    model, options = recommended(width, height, enlarged, not found, models)
    mode = ("grey" if channels == 1 else "RGB") + ("" if picture.alpha is None else " with transparency")
    return Diagnosis(
        source=source,
        format=picture.format,
        size=(width, height),
        mode=mode,
        depth=8 * colour.dtype.itemsize,
        profile=_profile_name(picture.metadata.icc),
        signs=estimated,
        jpeg_quality=quality,
        enlarged=enlarged,
        findings=found,
        model=model,
        command=f"harmonic restore {shlex.quote(str(source))} --model {model}{options}" if model else None,
    )


def findings(estimated: Signs, quality: int | None, enlarged: float | None) -> tuple[str, ...]:
    """In words, the worst first; empty for a picture that needs nothing."""
    found = []
    if estimated.noise >= NOISY:
        found.append(f"noisy (σ about {estimated.noise:.0f})")
    if estimated.blockiness >= BLOCKY or (quality is not None and quality < _POOR_JPEG):
        told = f" (quality {quality})" if quality is not None else ""
        found.append(f"JPEG artefacts{told}")
    if enlarged is not None:
        found.append(f"enlarged before (about {enlarged:.3g} times)")
    elif estimated.sharpness < SOFT:
        found.append("soft or blurred")
    return tuple(found)


def recommended(
    width: int, height: int, enlarged: float | None, sound: bool, models: Sequence[str]
) -> tuple[str | None, str]:
    """The one of `models` that fits, and what belongs behind it; None without any.

    An enlarged picture is reduced again, a small one enlarged. sound: nothing is wrong with it; damage would be
    enlarged with the picture.
    """
    mends = "restore-fast" if "restore-fast" in models else None
    larger = next((name for name in ("sr2-fast", "sr4-fast") if name in models), None)
    if enlarged is not None:
        return mends, f" --scale {max(round(1 / enlarged, 2), 0.25):g}"
    if max(width, height) < _SMALL and sound and larger:
        return larger, ""
    return mends, ""


def jpeg_quality(table: Sequence[int]) -> int:
    """The quality of libjpeg, 1 to 100, whose luma table comes nearest, whatever the order of its numbers."""
    luma = np.sort(np.asarray(table, np.float64))
    distances = [np.abs(np.sort(np.asarray(known, np.float64)) - luma).sum() for known in _luma_tables()]
    return 1 + int(np.argmin(distances))


@cache
def _luma_tables() -> tuple[tuple[int, ...], ...]:
    """Of quality 1 to 100, as the encoder here writes them."""
    tables = []
    for quality in range(1, 101):
        buffer = io.BytesIO()
        Image.new("L", (8, 8)).save(buffer, "JPEG", quality=quality)
        with Image.open(buffer) as image:
            tables.append(tuple(image.quantization[0]))  # pyright: ignore[reportAttributeAccessIssue]
    return tuple(tables)


def _profile_name(icc: bytes | None) -> str | None:
    if icc is None:
        return None
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc)))
        return shown(name.strip()) or "unnamed"
    except (ImageCms.PyCMSError, OSError):
        return "unnamed"
