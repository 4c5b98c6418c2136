"""Picture -> file: encoded once, in memory, then written atomically. What a format cannot hold is said, not hidden."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin

from harmonic.errors import PictureError, UsageError
from harmonic.images.atomic import atomic_write
from harmonic.images.formats import WRITABLE, Format, by_name, by_suffix
from harmonic.images.message import reason, shown
from harmonic.images.metadata import exif_with_size
from harmonic.images.picture import Metadata, Picture, pixels_to_pil

_XMP_TAG, _PREDICTOR_TAG = 700, 317  # TIFF
_JPEG_BLOCK = 65_500  # bytes that one JPEG segment holds, less its heading


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
    form = _form_of(target, format)
    if not overwrite and target.exists():  # before the costly encoding; atomic_write decides for good
        raise PictureError(_exists(name))
    data = encode(picture, form.name, quality, name=name)
    try:
        atomic_write(target, data, overwrite)
    except FileExistsError as error:
        raise PictureError(_exists(name)) from error
    return _storable(picture, form)[1]


def refuse_unwritable(target: Path, format: str | None, width: int, height: int, alpha: bool) -> None:
    """What `write_picture` would refuse about a result of this size, said before the work is done."""
    _refuse(_form_of(target, format), width, height, alpha, shown(target))


def encode(picture: Picture, format: str, quality: int | None = None, *, name: str = "picture") -> bytes:
    """The bytes of a picture file, with the metadata that the format can hold.

    quality, 1 to 100, and its defaults: JPEG 95 with full colour resolution (4:4:4), since a restored picture should
    not gain new blocks or colour bleeding; WebP lossless unless a quality is given, since its lossy form has halved
    colour resolution only; AVIF 90 with 4:4:4, visually lossless. PNG, TIFF and BMP are lossless and have no quality.
    Raises PictureError for transparency or a size that the format cannot hold, UsageError as `write_picture` does.
    """
    form = by_name(format)
    if quality is not None and not 1 <= quality <= 100:
        raise UsageError(f"--quality {quality}: must be 1 to 100")
    height, width = picture.colour.shape[:2]
    _refuse(form, width, height, picture.alpha is not None, name)
    metadata, _ = _storable(picture, form)
    buffer = io.BytesIO()
    try:
        if metadata.exif:
            metadata = replace(metadata, exif=exif_with_size(metadata.exif, width, height))
        options = _options(form, quality) | _carried(metadata, form)
        pixels_to_pil(picture).save(buffer, format=form.name, **options)
    except MemoryError as error:
        raise PictureError(f"{name}: not enough memory to encode it; use --format bmp or a smaller picture") from error
    except Exception as error:  # encoders raise OSError, ValueError, KeyError (not built in), SystemError, ...
        raise PictureError(f"{name}: cannot be encoded as {form.name} ({reason(error)}); use --format png") from error
    return buffer.getvalue()


def _form_of(target: Path, format: str | None) -> Format:
    form = by_name(format) if format else by_suffix(target)
    if form is None or form.option is None:
        text = f"{shown(target)}: pictures with this ending are not written; use --format with one of {WRITABLE}"
        raise PictureError(text)
    return form


def _refuse(form: Format, width: int, height: int, alpha: bool, name: str) -> None:
    if alpha and "alpha" not in form.holds:
        raise PictureError(f"{name}: {form.name} cannot hold transparency; use --format png")
    if max(width, height) > form.longest:
        raise PictureError(f"{name}: {form.name} ends at {form.longest:,} pixels a side; use --format png")


def _storable(picture: Picture, form: Format) -> tuple[Metadata, tuple[str, ...]]:
    """The part of the metadata that a file of this format can hold, and notes on the rest."""
    metadata, notes = picture.metadata, []
    for field, spoken in (("icc", "the ICC profile"), ("exif", "EXIF data"), ("xmp", "XMP data"), ("dpi", "the DPI")):
        value = getattr(metadata, field)
        if value is None:
            continue
        too_long = form.name == "JPEG" and field in ("exif", "xmp") and len(value) > _JPEG_BLOCK - 64
        # WebP stores grey as RGB, so that a grey profile would be for the wrong number of channels.
        grey_profile = form.name == "WEBP" and field == "icc" and picture.colour.shape[2] == 1
        if field not in form.holds or too_long or grey_profile:
            metadata = replace(metadata, **{field: None})
            notes.append(f"{form.name} cannot hold {spoken}{' of this picture' if field in form.holds else ''}")
    return metadata, tuple(notes)


def _options(form: Format, quality: int | None) -> dict[str, Any]:
    """How Pillow's encoder of this format is set."""
    match form.name:
        case "JPEG":
            return {"quality": quality or 95, "subsampling": "4:4:4"}
        case "WEBP" if quality is None:
            return {"lossless": True, "exact": True}  # exact: keep the colours under full transparency
        case "WEBP":
            return {"quality": quality, "exact": True}
        case "AVIF":
            return {"quality": quality or 90, "subsampling": "4:4:4"}
        case _:
            return {}


def _carried(metadata: Metadata, form: Format) -> dict[str, Any]:
    """The metadata under the names that Pillow's encoder of this format uses."""
    options: dict[str, Any] = {"icc_profile": metadata.icc, "exif": metadata.exif, "dpi": metadata.dpi}
    if form.name == "TIFF":
        options |= _tiff_options(metadata)
    elif form.name == "PNG" and metadata.xmp:
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", metadata.xmp.decode(errors="replace"), zip=False)
    else:
        options["xmp"] = metadata.xmp
    return {key: value for key, value in options.items() if value is not None}


def _tiff_options(metadata: Metadata) -> dict[str, Any]:
    """Tags and compression of a TIFF: deflate, or none when camera or GPS data come along, since Pillow writes their
    directories into uncompressed files only.
    """
    tags = Image.Exif()
    tags.load(metadata.exif or b"")
    if metadata.xmp:
        tags[_XMP_TAG] = metadata.xmp
    if ExifTags.IFD.Exif in tags or ExifTags.IFD.GPSInfo in tags:
        return {"exif": tags}
    tags[_PREDICTOR_TAG] = 2  # horizontal differences: photographs become about a third smaller
    return {"exif": tags, "compression": "tiff_adobe_deflate"}


def _exists(name: str) -> str:
    return f"{name}: exists already; use --overwrite to replace it, or -o to write elsewhere"
