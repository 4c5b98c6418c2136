"""Stored pixels of a file from top to bottom, through libvips: the deep ones, and any that need not be held whole."""

import io
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np
from PIL import AvifImagePlugin, JpegImagePlugin, PngImagePlugin

from harmonic.errors import PictureError
from harmonic.images import tiff_tags
from harmonic.images.formats import Format
from harmonic.images.header import Header, check_size
from harmonic.images.metadata import fitting_profile, metadata_of, metadata_of_tiff
from harmonic.images.picture import Metadata, Outline
from harmonic.images.png_chunks import PngSurvey
from harmonic.images.tiff_tags import Directory
from harmonic.images.vips import load, vips_or_refuse

_DTYPES = {"uchar": np.uint8, "ushort": np.uint16, "float": np.float32}


class Rows:
    """outline: of the stored pixels, before `orientation` (EXIF, 1 to 8) is applied. bits: significant ones a sample.

    Rows are taken in order, each once. Memory: some hundred rows, unless the format is decoded whole (AVIF,
    progressive JPEG, interlaced PNG).
    """

    def __init__(self, outline: Outline, orientation: int, image: Any, region: Any, bits: int, name: str):
        self.outline, self.orientation = outline, orientation
        self._image, self._region, self._bits, self._name = image, region, bits, name

    def fetch(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows start to stop -> (colour (n, W, C), alpha (n, W) or None). Raises PictureError, pyvips.Error."""
        line = self.outline
        buffer = self._region.fetch(0, start, line.width, stop - start)
        samples: np.ndarray = np.frombuffer(buffer, line.dtype).reshape(stop - start, line.width, self._image.bands)
        if self._bits < 16 and line.dtype == np.uint16:  # AVIF: its bits stand at the top, white must become white
            most = (1 << self._bits) - 1
            samples = (((samples >> (16 - self._bits)).astype(np.uint32) * 65535 + most // 2) // most).astype(np.uint16)
        if line.dtype == np.float32 and not np.isfinite(samples).all():
            raise PictureError(f"{self._name}: holds values that are not finite; repair them first")
        colour = np.ascontiguousarray(samples[..., : line.channels])
        return colour, np.ascontiguousarray(samples[..., -1]) if line.alpha else None


@dataclass(frozen=True)
class _Plan:
    channels: int
    alpha: bool
    metadata: Metadata
    orientation: int
    notes: tuple[str, ...]


def streams(file: IO[bytes], form: Format, header: Header) -> bool:
    """Whether rows of this file come without the whole picture in memory."""
    if header.page and form.name != "TIFF":  # a frame of an animation is made of those before it
        return False
    match form.name:
        case "PNG":
            png = header.png
            return png is not None and not (png.interlaced or png.animated or png.colour_type == 3 or png.bits < 8)
        case "TIFF":
            tags = header.tiff
            return tags is not None and tags.number(tiff_tags.PHOTOMETRIC, 1) in (0, 1, 2) and _eight_or_more(tags)
        case "JPEG":
            return _baseline(file)
        case _:
            return False


def open_rows(file: IO[bytes], form: Format, header: Header, name: str, max_pixels: int) -> Rows:
    """Raises PictureError, without the extra `images` too; ValueError, OSError and pyvips.Error for damage."""
    what = "16-bit pictures" if header.dtype == np.uint16 else "float pictures"
    pyvips = vips_or_refuse(name, "pictures read in strips" if header.dtype == np.uint8 else what)
    plan = _plan(file, form, header, name, max_pixels)
    image = load(pyvips, file, form.name, header.page)
    bands = plan.channels + plan.alpha
    if _DTYPES.get(image.format) is not header.dtype or image.bands != bands:
        raise PictureError(f"{name}: is stored oddly ({image.format}, {image.bands} channels); save it anew")
    check_size(image.width, image.height, name, max_pixels)
    icc, dropped = fitting_profile(plan.metadata.icc, plan.channels)
    metadata = replace(plan.metadata, icc=icc, png_colour=plan.metadata.png_colour if icc is None else ())
    notes = (*header.notes, *plan.notes, *dropped)
    size = (image.height, image.width, plan.channels, plan.alpha, header.dtype)
    outline = Outline(*size, format=form.name, metadata=metadata, notes=notes)
    bits = image.get("bits-per-sample") if form.name == "AVIF" else 16
    return Rows(outline, plan.orientation, image, pyvips.Region.new(image), bits, name)


def _plan(file: IO[bytes], form: Format, header: Header, name: str, max_pixels: int) -> _Plan:
    if header.png is not None:
        return _plan_png(header.png, name, max_pixels)
    if header.tiff is not None:
        return _plan_tiff(file, header.tiff, header, name, max_pixels)
    file.seek(0)
    image = {"JPEG": JpegImagePlugin.JpegImageFile, "AVIF": AvifImagePlugin.AvifImageFile}[form.name](file)
    check_size(image.width, image.height, name, max_pixels)
    metadata, orientation, notes = metadata_of(image)
    if form.name == "AVIF":
        orientation = 1  # libheif has turned the pixels
    metadata = replace(metadata, icc=image.info.get("icc_profile"))
    return _Plan(1 if image.mode == "L" else 3, image.mode == "RGBA", metadata, orientation, notes)


def _plan_png(png: PngSurvey, name: str, max_pixels: int) -> _Plan:
    check_size(png.width, png.height, name, max_pixels)
    carrier = PngImagePlugin.PngImageFile(io.BytesIO(png.metadata))
    carrier.load()
    metadata, orientation, notes = metadata_of(carrier)
    metadata = replace(metadata, icc=carrier.info.get("icc_profile"), png_colour=png.colour)
    if png.transparent_colour:
        notes += ("transparent colour turned into an alpha channel",)
    alpha = bool(png.colour_type & 4) or png.transparent_colour
    return _Plan(3 if png.colour_type & 2 else 1, alpha, metadata, orientation, notes)


def _plan_tiff(file: IO[bytes], tags: Directory, header: Header, name: str, max_pixels: int) -> _Plan:
    check_size(tags.number(tiff_tags.WIDTH, 0), tags.number(tiff_tags.HEIGHT, 0), name, max_pixels)
    photometric = tags.number(tiff_tags.PHOTOMETRIC, 1)
    channels = {0: 1, 1: 1, 2: 3}.get(photometric)
    samples, extra = tags.number(tiff_tags.SAMPLES, 1), tags.numbers(tiff_tags.EXTRA)
    if channels is None or samples not in (channels, channels + 1):
        kind = {5: "CMYK", 6: "YCbCr", 8: "Lab"}.get(photometric, f"{samples}-channel")
        raise PictureError(f"{name}: deep {kind} pictures are not supported; convert it to RGB first")
    alpha = samples > channels
    if alpha and extra[:1] not in ((1,), (2,)):
        raise PictureError(f"{name}: has a further channel of unknown meaning; save it without, or as transparency")
    metadata, orientation, notes = metadata_of_tiff(file, tags)
    if alpha and extra[0] == 1:
        notes += ("premultiplied transparency was divided out",)
    if header.dtype == np.float32 and 16 in tags.numbers(tiff_tags.BITS):
        notes += ("16-bit floats are held and written as 32-bit floats",)
    return _Plan(channels, alpha, metadata, orientation, notes)


def _eight_or_more(tags: Directory) -> bool:
    samples, extra = tags.number(tiff_tags.SAMPLES, 1), tags.numbers(tiff_tags.EXTRA)
    channels = 3 if tags.number(tiff_tags.PHOTOMETRIC, 1) == 2 else 1
    plain = samples == channels or (samples == channels + 1 and extra[:1] == (2,))
    return plain and min(tags.numbers(tiff_tags.BITS, (1,))) >= 8


def _baseline(file: IO[bytes]) -> bool:
    """Whether a JPEG holds grey or YCbCr in one scan, by the markers before its pixels (ITU T.81, B.1.1.3)."""
    file.seek(2)
    while len(head := file.read(4)) == 4 and head[0] == 0xFF:
        if 0xC0 <= head[1] <= 0xCF and head[1] not in (0xC4, 0xC8, 0xCC):
            return head[1] in (0xC0, 0xC1) and file.read(6)[5:] in (b"\1", b"\3")
        file.seek(int.from_bytes(head[2:], "big") - 2, 1)
    return False
