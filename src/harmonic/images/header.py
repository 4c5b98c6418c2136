"""What the header of a picture file tells before a pixel is decoded, and what is refused for it.

Decoders hide depth and frames: Pillow opens 16-bit RGB as 8-bit RGB without a word and shows the first frame of an
animation. So both are read here, from the bytes of a file and, for PIL images, from what Pillow lets through.
"""

from dataclasses import dataclass
from typing import IO

import numpy as np
from PIL import Image

from harmonic.errors import PictureError, UsageError
from harmonic.images import tiff_tags
from harmonic.images.formats import Format
from harmonic.images.png_chunks import PngSurvey, survey_png
from harmonic.images.tiff_tags import Directory, read_directory, read_pages

_AVIF_HEAD = 1 << 20  # bytes among which the configuration of an AVIF stands
_SPOKEN = {1: "integer", 2: "signed integer", 3: "float", 5: "complex integer", 6: "complex"}


@dataclass(frozen=True)
class Header:
    """dtype: how samples are held, uint8, uint16 or float32. page: place in the file's chain, from 0.

    png, tiff: what was read of such a file. notes: for the user.
    """

    dtype: type[np.generic]
    page: int = 0
    png: PngSurvey | None = None
    tiff: Directory | None = None
    notes: tuple[str, ...] = ()


def read_header(file: IO[bytes], form: Format, name: str, page: int | None) -> Header:
    """Depth and pages of a file by our own reading; PNG checksums are tested on the way.

    Raises PictureError for depths that cannot be kept and for several pages when none is named (from 1), UsageError
    for page 0 and below, ValueError for damage.
    """
    if page is not None and page < 1:
        raise UsageError(f"page {page}: pages and frames count from 1")
    match form.name:
        case "PNG":
            png = survey_png(file)
            if png.bits == 16 and page not in (None, 1):
                raise PictureError(f"{name}: has no frame {page}; name another")
            if png.animated and png.bits == 16:
                raise PictureError(f"{name}: is a 16-bit animation, which is not read; save its frames apart first")
            return Header(np.uint16 if png.bits == 16 else np.uint8, (page or 1) - 1, png)
        case "TIFF":
            index, place, notes = _tiff_page(file, name, page)
            tiff = read_directory(file, place)
            return Header(_tiff_depth(tiff, name), index, tiff=tiff, notes=notes)
        case "AVIF":
            file.seek(0)
            deep = avif_bits(file.read(_AVIF_HEAD)) > 8
            return Header(np.uint16 if deep else np.uint8, (page or 1) - 1)
        case _:
            return Header(np.uint8, (page or 1) - 1)


def avif_bits(head: bytes) -> int:
    """8, 10 or 12: the most that the AV1 configuration boxes say (AV1-ISOBMFF 2.3.3). ValueError without one."""
    flags = [box[2] for box in head.split(b"av1C")[1:] if len(box) > 2]
    if not flags:
        raise ValueError("no AV1 configuration")
    return max((12 if flag & 0x20 else 10) if flag & 0x40 else 8 for flag in flags)


def _tiff_page(file: IO[bytes], name: str, page: int | None) -> tuple[int, int, tuple[str, ...]]:
    """(index in the chain, offset, notes) of the page asked for."""
    pages = read_pages(file)
    if page is None and len(pages.places) > 1:
        wanted = f"name the one to take (page 1 to {len(pages.places)}), or save its pages apart first"
        raise PictureError(f"{name}: has several pages, and only single pictures are restored; {wanted}")
    if page is not None and page > len(pages.places):
        raise PictureError(f"{name}: has {len(pages.places)} pages and no page {page}; name another")
    index = list(pages.places)[(page or 1) - 1]
    more = ("reduced copies inside the TIFF are not kept",) if pages.reduced else ()
    if len(pages.places) > 1:
        more += (f"page {page} of {len(pages.places)} is taken",)
    return index, pages.places[index], more


def _tiff_depth(tags: Directory, name: str) -> type[np.generic]:
    bits = {int(value) for value in tags.numbers(tiff_tags.BITS, (1,))}
    kinds = {int(value) for value in tags.numbers(tiff_tags.FORMAT, (1,))} - {4}  # 4: undefined, as good as 1
    if kinds <= {1} and bits and max(bits) <= 8:
        return np.uint8
    if kinds <= {1} and bits == {16}:
        return np.uint16
    if kinds == {3} and bits in ({16}, {32}):
        return np.float32
    spoken = "/".join([*map(str, sorted(bits))]) + "-bit " + "/".join(_SPOKEN.get(k, "unknown") for k in sorted(kinds))
    raise PictureError(f"{name}: {spoken} pictures are not supported; save it with 16-bit integers or 32-bit floats")


def check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    """Refuse what has no pixels, or more than `max_pixels`. Raises PictureError."""
    if width < 1 or height < 1:
        raise PictureError(f"{name}: has no pixels ({width}x{height}); use another file")
    if width * height > max_pixels:
        size = f"{width}x{height} = {_millions(width * height)} megapixels"
        raise PictureError(f"{name}: {size}, over the limit of {_millions(max_pixels)}; cut it or raise the limit")


def _millions(number: int) -> str:
    return f"{number / 1e6:,.1f}" if number >= 100_000 else f"{number / 1e6:.2g}"


def check_image(image: Image.Image, name: str) -> None:
    """Refuse a PIL image whose pixels Pillow has cut to 8 bit, or is about to. Raises PictureError."""
    for tile in getattr(image, "tile", ()):  # emptied by load(): a loaded image has only its mode to tell
        raw, *rest = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        cut = image.mode not in ("I;16", "I;16B") and isinstance(raw, str) and ";16" in raw
        if cut or (image.format == "PPM" and rest and isinstance(rest[0], int) and rest[0] > 255):  # largest value
            remedy = "save it as PNG or TIFF first" if image.format == "PPM" else "pass the path of the file"
            raise PictureError(f"{name}: Pillow cuts 16-bit pictures of this kind to 8 bit; {remedy}")
    if image.mode == "I":
        raise PictureError(f"{name}: 32-bit integer pictures are not supported; save it with 16-bit integers")


def check_frames(image: Image.Image, name: str) -> None:
    """Refuse animations and documents of several pages. Raises PictureError."""
    if not getattr(image, "is_animated", False) or image.format == "MPO":  # MPO: a JPEG with more JPEGs behind it
        return
    kind, parts = ("has several pages", "pages") if image.format == "TIFF" else ("is animated", "frames")
    raise PictureError(
        f"{name}: {kind}, and only single pictures are restored; name the page to take, or save its {parts} apart first"
    )
