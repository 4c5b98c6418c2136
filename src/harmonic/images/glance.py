"""Size and depth from the header alone, for planning. Only decoding tells whether the picture is sound."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from harmonic.images import tiff_tags
from harmonic.images.header import check_frames, read_header
from harmonic.images.read import OPENERS, opened
from harmonic.images.tiff_tags import Directory

_PNG_BITS = 24  # place of the depth of a PNG's samples in the file
_CHANNELS = {0: 1, 1: 1, 2: 3, 6: 3}  # of TIFF's photometric interpretations


@dataclass(frozen=True)
class Glance:
    """width, height: as seen. opaque: whether there is no transparency for sure. channels: of colour, 3 in doubt.

    sample_bytes: as samples are held, 1, 2 or 4.
    """

    width: int
    height: int
    channels: int
    opaque: bool
    sample_bytes: int

    @property
    def bytes(self) -> int:
        """Of the bare pixels, once they are decoded."""
        return self.width * self.height * (self.channels + (not self.opaque)) * self.sample_bytes


def glance_at(source: Path, page: int | None = None) -> Glance | None:
    """None for what is no picture of a known format, or has several pages while none is named. page: from 1."""
    try:
        with warnings.catch_warnings(action="ignore"), opened(source) as (file, form, name):
            if form.name == "TIFF":  # by our own reading: Pillow knows few deep ones
                header = read_header(file, form, name, page)
                return None if header.tiff is None else _at_tiff(header.tiff, np.dtype(header.dtype).itemsize)
            deep = form.name == "AVIF" and read_header(file, form, name, page).dtype != np.uint8
            file.seek(_PNG_BITS)
            deep = deep or (form.name == "PNG" and file.read(1) == b"\x10")
            file.seek(0)
            image = OPENERS[form.name](file)
            if page is None:
                check_frames(image, name)
            return _at_image(image, 2 if deep else 1)
    except Exception:  # Pillow raises half a dozen classes on damaged files; reading it as a picture says why
        return None


def upright_size(source: Path, page: int | None = None) -> tuple[int, int] | None:
    """Width and height as seen, from the header alone; None as `glance_at`."""
    seen = glance_at(source, page)
    return (seen.width, seen.height) if seen else None


def luma_table(image: Image.Image) -> list[int] | None:
    """The first quantisation table of an opened JPEG, 64 numbers; None for what is no JPEG."""
    tables: Mapping[int, Sequence[int]] | None = getattr(image, "quantization", None)
    return [int(value) for value in tables[min(tables)]] if tables else None


def _at_tiff(tags: Directory, sample_bytes: int) -> Glance:
    channels = _CHANNELS.get(tags.number(tiff_tags.PHOTOMETRIC, 1))
    opaque = channels is not None and tags.number(tiff_tags.SAMPLES, 1) == channels
    sides = tags.number(tiff_tags.WIDTH, 0), tags.number(tiff_tags.HEIGHT, 0)
    return _upright(sides, tags.number(tiff_tags.ORIENTATION, 1), channels or 3, opaque, sample_bytes)


def _at_image(image: Image.Image, sample_bytes: int) -> Glance:
    opaque = image.mode in ("L", "RGB", "YCbCr", "I;16", "I;16B") and "transparency" not in image.info
    channels = 1 if image.mode in ("1", "L", "LA", "I;16", "I;16B") else 3
    # Of a PNG that has none before its pixels, Pillow would decode all of them to look behind.
    looked = image.format != "PNG" or {"exif", "Raw profile type exif"} & image.info.keys()
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1) if looked else 1
    return _upright(image.size, orientation, channels, opaque, sample_bytes)


def _upright(sides: tuple[int, int], orientation: int, channels: int, opaque: bool, sample_bytes: int) -> Glance:
    width, height = sides[::-1] if orientation in (5, 6, 7, 8) else sides
    return Glance(width, height, channels, opaque, sample_bytes)
