"""What the header of a picture file tells before a pixel is decoded, and what is refused for it.

Decoders hide depth and frames: Pillow opens 16-bit RGB as 8-bit RGB without a word and shows the first frame of an
animation. So both are read here, from the opened but not yet loaded image.
"""

from collections.abc import Mapping
from typing import Any

from PIL import Image

from harmonic.errors import PictureError

_NEW_SUBFILE_TYPE, _BITS, _SAMPLE_FORMAT = 254, 258, 339  # TIFF tags
_MOST_PAGES = 64  # a longer chain is not a pyramid but an attack on our time


def check_header(image: Image.Image, name: str, max_pixels: int) -> tuple[str, ...]:
    """Refuse (PictureError) what is too large, too deep, or more than one picture; return notes for the user."""
    width, height = image.size
    if width < 1 or height < 1:
        raise PictureError(f"{name}: has no pixels ({width}x{height}); use another file")
    if width * height > max_pixels:
        size = f"{width}x{height} = {width * height / 1e6:,.1f} megapixels"
        raise PictureError(f"{name}: {size}, over the limit of {max_pixels / 1e6:,.1f}; cut it or raise the limit")
    check_depth(_bits(image), name)
    return _check_frames(image, name)


def check_depth(bits: str | None, name: str) -> None:
    """Refuse a sample depth that is not kept yet, rather than cut it to 8 bit in silence."""
    if bits:
        raise PictureError(f"{name}: {bits} pictures are not supported yet; save a copy with 8 bit per channel first")


def tiff_bits(tags: Mapping[int, Any]) -> str | None:
    """'16-bit', '32-bit float', ... when the tags of a TIFF directory tell of more than 8 bit per sample, else None."""
    bits = max(_numbers(tags.get(_BITS, 1)), default=1)
    float_samples = 3 in _numbers(tags.get(_SAMPLE_FORMAT, 1))
    return f"{bits}-bit{' float' if float_samples else ''}" if bits > 8 or float_samples else None


def avif_bits(head: bytes) -> str | None:
    """'10-bit' or '12-bit' by the flags of the AV1 configuration box (AV1-ISOBMFF 2.3.3), None for 8 bit."""
    box = head.find(b"av1C")
    if box < 0 or len(head) < box + 7:
        return None
    flags = head[box + 6]
    return ("12-bit" if flags & 0x20 else "10-bit") if flags & 0x40 else None


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, int))


def _bits(image: Image.Image) -> str | None:
    """The depth that Pillow's mode, TIFF tags or raw mode betray, when it is more than 8 bit."""
    if image.mode.startswith("I;16"):
        return "16-bit"
    if hasattr(image, "tag_v2") and (bits := tiff_bits(image.tag_v2)):  # pyright: ignore[reportAttributeAccessIssue]
        return bits
    for tile in getattr(image, "tile", ()):  # emptied by load(): a loaded image has only its mode to tell
        raw, *rest = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        if image.format in ("PNG", "PPM") and isinstance(raw, str) and ";16" in raw:
            return "16-bit"
        if image.format == "PPM" and rest and isinstance(rest[0], int) and rest[0] > 255:  # (raw mode, largest value)
            return "16-bit"
    return {"I": "32-bit integer", "F": "32-bit float"}.get(image.mode)


def _check_frames(image: Image.Image, name: str) -> tuple[str, ...]:
    """Refuse animations and documents of several pages. Reduced copies in a TIFF (pyramid, thumbnail) are no pages."""
    if not getattr(image, "is_animated", False) or image.format == "MPO":  # MPO: a JPEG with more JPEGs behind it
        return ()
    if image.format != "TIFF":
        raise PictureError(f"{name}: is animated, and only single pictures are restored; save its frames apart first")
    here = image.tell()
    try:
        for page in range(_MOST_PAGES):
            try:
                image.seek(page)
            except EOFError:
                return ("reduced copies inside the TIFF are not kept",)
            tags: Mapping[int, Any] = image.tag_v2  # pyright: ignore[reportAttributeAccessIssue]
            if page != here and not 1 & next(iter(_numbers(tags.get(_NEW_SUBFILE_TYPE, 0))), 0):
                break
    finally:
        image.seek(here)
    raise PictureError(f"{name}: has several pages, and only single pictures are restored; save its pages apart first")
