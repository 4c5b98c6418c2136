"""Picture -> file: encoded once, in memory, then written atomically. What a format cannot hold is said, not hidden."""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harmonic.errors import PictureError, ResourceError, UsageError, reason, shown
from harmonic.images.atomic import atomic_write
from harmonic.images.formats import WRITABLE, Format, by_name, by_suffix
from harmonic.images.metadata import exif_with_size
from harmonic.images.picture import Metadata, Outline, Picture, joined, pixels_to_pil
from harmonic.images.pixels import eight_bit
from harmonic.images.png_chunks import strays_from_srgb
from harmonic.images.png_write import PngRows
from harmonic.images.tiff_write import TiffRows
from harmonic.images.vips import encode_avif

_JPEG_BLOCK = 65_500  # bytes that one JPEG segment holds, less its heading
_ROWS = 256  # encoded at a time
BY_ROWS = {"PNG": PngRows, "TIFF": TiffRows}
_SPOKEN = {
    "icc": "the ICC profile",
    "exif": "EXIF data",
    "xmp": "XMP data",
    "dpi": "the DPI",
    "iptc": "IPTC data",
    "texts": "texts and comments",
    "png_colour": "the PNG's own statement of its colours (gAMA, cHRM, cICP)",
}


def write_picture(
    target: Path,
    picture: Picture,
    *,
    format: str | None = None,
    quality: int | None = None,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write `picture` to `target`, complete or not at all; return notes on what the format could not hold.

    format: as after --format (`jpg`), None = by the ending of `target`. quality: 1 to 100, see `encode`.
    Raises PictureError (also when `target` exists and `overwrite` is False), ResourceError (disk full, folder
    read-only), UsageError (unknown format, quality out of range).
    """
    target = Path(target)
    name = shown(target)
    form = form_of(target, format)
    refuse_existing(target, overwrite)  # before the costly encoding; atomic_write decides for good
    data = encode(picture, form.name, quality, name=name)
    with existing_refused(target):
        atomic_write(target, data, overwrite)
    return storable(picture.outline, form)[1]


def refuse_unwritable(
    target: Path, format: str | None, width: int, height: int, alpha: bool, dtype: type[np.generic] = np.uint8
) -> None:
    """What `write_picture` would refuse about a result of this size, said before the work is done; also a folder that
    may not be written to, and a disk that is too full (ResourceError): for formats with loss half of the bare pixels
    are reckoned.
    """
    form = form_of(target, format)
    outline = Outline(height, width, 3, alpha, dtype)
    refuse(form, outline, shown(target))
    needed, free = reckoned_bytes(outline, form), free_space(target)
    if not os.access(_folder_of(target), os.W_OK | os.X_OK):
        raise PictureError(f"{shown(target)}: its folder may not be written to; choose another output")
    if free < 1.2 * needed:
        text = f"needs about {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free; free some space"
        raise ResourceError(f"{shown(target)}: {text}")


def reckoned_bytes(outline: Outline, form: Format) -> int:
    """Of a file, at most as a rule: its bare pixels, or half of them for formats with loss."""
    return outline.bytes // (2 if form.name in ("JPEG", "AVIF", "WEBP") else 1)


def free_space(target: Path) -> int:
    """Bytes that are free where a file is to be written."""
    return shutil.disk_usage(_folder_of(target)).free


def _folder_of(target: Path) -> Path:
    """The lowest folder above it that is there."""
    return next(parent for parent in target.absolute().parents if parent.is_dir())


def encode(picture: Picture, format: str, quality: int | None = None, *, name: str = "picture") -> bytes:
    """The bytes of a picture file, with the metadata that the format can hold.

    PNG holds 8 and 16 bit, TIFF floats too, AVIF 12 of 16 bit; in JPEG, WebP and BMP 16 bit are rounded to 8.
    quality, 1 to 100, and its defaults: JPEG 95 with full colour resolution (4:4:4), since a restored picture should
    not gain new blocks or colour bleeding; WebP lossless unless a quality is given, since its lossy form has halved
    colour resolution only; AVIF 90 with 4:4:4, visually lossless. PNG, TIFF and BMP are lossless and have no quality.
    Raises PictureError for transparency, floats or a size that the format cannot hold, UsageError as `write_picture`.
    """
    form = by_name(format)
    if quality is not None and not 1 <= quality <= 100:
        raise UsageError(f"--quality {quality}: must be 1 to 100")
    refuse(form, picture.outline, name)
    if picture.colour.dtype == np.uint16 and "uint16" not in form.holds:
        alpha = None if picture.alpha is None else eight_bit(picture.alpha)
        picture = replace(picture, colour=eight_bit(picture.colour), alpha=alpha)
    try:
        picture = replace(picture, metadata=storable(picture.outline, form)[0])
        if form.name in BY_ROWS:
            return _encode_by_rows(picture, form)
        if picture.colour.dtype == np.uint16:
            return encode_avif(joined(picture.colour, picture.alpha), picture.metadata, quality or 90, name)
        options = _options(picture.metadata, form, quality)
        pixels_to_pil(picture).save(buffer := io.BytesIO(), format=form.name, **options)
        return buffer.getvalue()
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError(f"{name}: not enough memory to encode it; use --format bmp or a smaller picture") from error
    except Exception as error:  # encoders raise OSError, ValueError, KeyError (not built in), SystemError, ...
        raise PictureError(f"{name}: cannot be encoded as {form.name} ({reason(error)}); use --format png") from error


def form_of(target: Path, format: str | None) -> Format:
    """The format that a target gets, by option or ending. Raises PictureError, UsageError for what is not written."""
    form = by_name(format) if format else by_suffix(target)
    if form is None or form.option is None:
        text = f"{shown(target)}: pictures with this ending are not written; use --format with one of {WRITABLE}"
        raise PictureError(text)
    return form


def refuse(form: Format, outline: Outline, name: str) -> None:
    """Raises PictureError for pixels that the format cannot hold."""
    if outline.alpha and "alpha" not in form.holds:
        raise PictureError(f"{name}: {form.name} cannot hold transparency; use --format png")
    if outline.dtype == np.float32 and "float32" not in form.holds:
        raise PictureError(f"{name}: {form.name} cannot hold float values; use --format tiff")
    if max(outline.width, outline.height) > form.longest:
        raise PictureError(f"{name}: {form.name} ends at {form.longest:,} pixels a side; use --format png")


def storable(outline: Outline, form: Format) -> tuple[Metadata, tuple[str, ...]]:
    """The part of the metadata that a file of this format can hold, EXIF with the size as it is; notes on the rest."""
    metadata, notes = outline.metadata, []
    for field, spoken in _SPOKEN.items():
        value = getattr(metadata, field)
        kept = _held(field, value, outline, form)
        if kept == value:
            continue
        metadata = replace(metadata, **{field: kept})
        if field != "png_colour" or strays_from_srgb(value):
            notes.append(f"{form.name} cannot hold {spoken}{' of this picture' if field in form.holds else ''}")
    if outline.dtype == np.uint16 and form.name != "PNG" and form.name != "TIFF":
        notes.append(f"{form.name} holds {12 if form.name == 'AVIF' else 8} bit, so the 16-bit values were rounded")
    if metadata.exif:
        metadata = replace(metadata, exif=exif_with_size(metadata.exif, outline.width, outline.height))
    return metadata, tuple(notes)


def _held(field: str, value: Any, outline: Outline, form: Format) -> Any:
    """What a file of the format can keep of one field."""
    empty = () if field in ("texts", "png_colour") else None
    if not value or field not in form.holds:
        return empty
    if form.name == "JPEG":
        if field == "texts":  # a JPEG has one comment
            return tuple((key, text) for key, text in value if key == "Comment" and len(text.encode()) < _JPEG_BLOCK)
        return None if field in ("exif", "xmp", "iptc") and len(value) > _JPEG_BLOCK - 64 else value
    # WebP stores grey as RGB, so that a grey profile would be for the wrong number of channels.
    return None if field == "icc" and form.name in ("WEBP", "AVIF") and outline.channels == 1 else value


def _encode_by_rows(picture: Picture, form: Format) -> bytes:
    buffer = io.BytesIO()
    rows = BY_ROWS[form.name](buffer.write, picture.outline)
    for start in range(0, len(picture.colour), _ROWS):
        part = slice(start, start + _ROWS)
        rows.add(joined(picture.colour[part], None if picture.alpha is None else picture.alpha[part]))
    first = rows.finish()
    buffer.getbuffer()[: len(first)] = first
    return buffer.getvalue()


def _options(metadata: Metadata, form: Format, quality: int | None) -> dict[str, Any]:
    """How Pillow's encoder of this format is set, metadata under the names that it uses."""
    options: dict[str, Any] = {"icc_profile": metadata.icc, "exif": metadata.exif, "dpi": metadata.dpi}
    options["xmp"] = metadata.xmp
    match form.name:
        case "JPEG":
            options |= {"quality": quality or 95, "subsampling": "4:4:4"}
            options["comment"] = next((text.encode(errors="replace") for _, text in metadata.texts), None)
            options["extra"] = _photoshop_block(metadata.iptc) if metadata.iptc else None
        case "WEBP":
            # exact: keep the colours under full transparency
            options |= {"exact": True} | ({"lossless": True} if quality is None else {"quality": quality})
        case "AVIF":
            options |= {"quality": quality or 90, "subsampling": "4:4:4"}
    return {key: value for key, value in options.items() if value is not None}


def _photoshop_block(iptc: bytes) -> bytes:
    """The JPEG segment that holds IPTC records: APP13, image resource 0x0404."""
    resource = b"8BIM\x04\x04\0\0" + len(iptc).to_bytes(4, "big") + iptc + bytes(len(iptc) % 2)
    body = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body


def refuse_existing(target: Path, overwrite: bool) -> None:
    """Said before the work is done. Raises PictureError."""
    with existing_refused(target):
        if target.exists() and not overwrite:
            raise FileExistsError


@contextmanager
def existing_refused(target: Path) -> Iterator[None]:
    """A target that stands already, also one that has appeared meanwhile, as PictureError."""
    try:
        yield
    except FileExistsError as error:
        text = "exists already; use --overwrite to replace it, or -o to write elsewhere"
        raise PictureError(f"{shown(target)}: {text}") from error
