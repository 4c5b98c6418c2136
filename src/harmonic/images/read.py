"""Picture file -> Picture. Content decides the format, the header is checked before a pixel is decoded, and nothing but
PictureError leaves this room: Pillow raises at least six classes of its own on damaged files.

8 bit is Pillow's work, deeper samples are libvips' (`rows.py`). Damage is seen where the format lets it be seen (cuts,
PNG checksums); a flipped bit in a JPEG, WebP or BMP is not.
`ImageFile.LOAD_TRUNCATED_IMAGES` is never set: it is process-wide and would let cut files through.
"""

import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from harmonic.errors import HarmonicError, PictureError, reason, shown
from harmonic.images.formats import READABLE, SNIFFED_BYTES, Format, by_suffix, foreign_kind, sniff, writable_like
from harmonic.images.header import Header, check_frames, check_image, check_size, read_header
from harmonic.images.metadata import fitting_profile, metadata_of
from harmonic.images.picture import Picture
from harmonic.images.pixels import split, upright
from harmonic.images.rows import Rows, open_rows
from harmonic.images.tiff_tags import IPTC

MOST_PIXELS = 512_000_000
_ROWS = 256  # decoded at a time

# The allow-list. The classes are opened directly: `Image.open` would apply Pillow's own, process-wide pixel limit.
OPENERS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
}


def read_picture(
    source: Path | str | Image.Image, *, max_pixels: int = MOST_PIXELS, page: int | None = None, deep: bool = True
) -> Picture:
    """Decode one picture from a file or a PIL image, upright, with its metadata. The source is not changed.

    page: which page or frame of a file to take, from 1; None = there must be one only. deep: whether samples of more
    than 8 bit are taken; they need the extra `images`. PIL images are taken as they are, pixels only where they hold
    nothing else.
    Raises PictureError, one line with a remedy, for whatever cannot be restored faithfully: damaged, animated, CMYK
    without a profile, 32-bit integers, values that are not finite, more than `max_pixels`, none of the known formats.
    """
    if isinstance(source, Image.Image):
        name = shown(getattr(source, "filename", "") or "picture")
        with only_picture_errors(name):
            check_size(*source.size, name, max_pixels)
            check_image(source, name)
            check_frames(source, name)
            picture = _decode(source, name)
            _refuse_deep(picture.colour.dtype.type, deep, name)
            return replace(picture, notes=(*picture.notes, *_lost(source)))
    path = Path(source)
    with opened(path) as (file, form, name):
        header = read_header(file, form, name, page)
        _refuse_deep(header.dtype, deep, name)
        if header.dtype == np.uint8:
            picture = _with_pillow(file, form, header, name, max_pixels, page)
        else:
            picture = read_whole(open_rows(file, form, header, name, max_pixels))
    return replace(picture, notes=(*about_format(path, form), *picture.notes))


def _refuse_deep(dtype: type[np.generic], deep: bool, name: str) -> None:
    if dtype != np.uint8 and not deep:
        kind = "16-bit" if dtype == np.uint16 else "float"
        raise PictureError(f"{name}: {kind} pictures are not taken here; save a copy with 8 bit per channel first")


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], Format, str]]:
    """(file, its format by content, its name for messages); whatever goes wrong within leaves as a PictureError."""
    name = shown(path)
    with only_picture_errors(name):
        _check_regular(path, name)
        with path.open("rb") as file:
            yield file, _format_of(file, name), name


def about_format(path: Path, form: Format) -> Iterator[str]:
    """Notes on a name that claims another format, and on a format that is only read."""
    if by_suffix(path) is not form:
        yield f"the content is {form.name}, whatever the name says"
    if writable_like(form) is not form:
        yield f"{form.name} cannot hold a restored picture, PNG is used unless another format is asked for"


def _check_regular(path: Path, name: str) -> None:
    mode = path.stat().st_mode  # before opening: opening a pipe would wait for ever
    if stat.S_ISDIR(mode):
        raise PictureError(f"{name}: is a folder; name a picture in it")
    if not stat.S_ISREG(mode):
        raise PictureError(f"{name}: is not a regular file; save the picture to a file first")


def _format_of(file: IO[bytes], name: str) -> Format:
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    if not head:
        raise PictureError(f"{name}: is empty (0 bytes); fetch or save it again")
    if form := sniff(head):
        return form
    kind = foreign_kind(head)
    seen = f"holds {kind}, which is not read" if kind else "is not a picture of a known format"
    raise PictureError(f"{name}: {seen}; use {READABLE}")


def _with_pillow(
    file: IO[bytes], form: Format, header: Header, name: str, max_pixels: int, page: int | None
) -> Picture:
    """8 bit. The open file is passed on, not its name: Pillow maps named files into memory, and a mapped file that
    another program cuts short kills the process.
    """
    file.seek(0)
    image = OPENERS[form.name](file)
    check_size(*image.size, name, max_pixels)
    notes = header.notes
    if page is not None and form.name != "TIFF" and getattr(image, "is_animated", False):
        notes += (f"frame {page} alone is taken",)
    elif page is None and form.name != "TIFF":
        check_frames(image, name)
    if header.page:
        _turn_to(image, header.page, name)
        check_size(*image.size, name, max_pixels)
    check_image(image, name)
    if form.name == "PNG" and isinstance(key := image.info.get("transparency"), int):
        # Pillow scales grey values of 2 and 4 bit to 8, but not the key that marks one of them as transparent.
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}.get(str(image.tile[0].args), 1)
    picture = _decode(image, name)
    metadata = picture.metadata
    if header.png and metadata.icc is None:
        metadata = replace(metadata, png_colour=header.png.colour)
    if header.tiff and IPTC in header.tiff.tags:  # of whatever type; Pillow gives only some of them as bytes
        metadata = replace(metadata, iptc=header.tiff.tags[IPTC].data)
    return replace(picture, metadata=metadata, notes=(*notes, *picture.notes))


def _turn_to(image: Image.Image, page: int, name: str) -> None:
    try:
        image.seek(page)
    except EOFError:
        raise PictureError(f"{name}: has no frame {page + 1}; name another") from None


def _decode(image: Image.Image, name: str) -> Picture:
    """An opened image -> Picture. Metadata come after load(): a PNG may carry them behind its pixels."""
    with _pillow_limit_raised(image.width * image.height):
        image.load()
    metadata, orientation, more = metadata_of(image)
    colour, alpha, expanded = split(image, name)
    # After a CMYK conversion the file's profile no longer describes the numbers.
    profile = None if image.mode == "CMYK" else image.info.get("icc_profile")
    icc, dropped = fitting_profile(profile, colour.shape[2])
    main = ("only the main picture of a multi-picture JPEG is taken",) if "mp" in image.info else ()
    return Picture(
        colour=upright(colour, orientation),
        alpha=None if alpha is None else upright(alpha, orientation),
        format=_format_name(image),
        metadata=replace(metadata, icc=icc),
        notes=(*more, *expanded, *dropped, *main),
    )


def read_whole(rows: Rows) -> Picture:
    """All rows, upright."""
    line = rows.outline
    colour = np.empty((line.height, line.width, line.channels), line.dtype)
    alpha = np.empty((line.height, line.width), line.dtype) if line.alpha else None
    for start in range(0, line.height, _ROWS):
        stop = min(start + _ROWS, line.height)
        colour[start:stop], part = rows.fetch(start, stop)
        if alpha is not None and part is not None:
            alpha[start:stop] = part
    colour, alpha = upright(colour, rows.orientation), None if alpha is None else upright(alpha, rows.orientation)
    return Picture(colour, alpha, line.format, line.metadata, line.notes)


def _lost(image: Image.Image) -> tuple[str, ...]:
    """A note on a gamma that only the file itself can hand on."""
    gamma = image.info.get("gamma")
    strays = gamma and "icc_profile" not in image.info and "srgb" not in image.info and abs(gamma - 1 / 2.2) > 1e-3
    return (f"PNG gamma {gamma:g} is not kept",) if strays else ()


def _format_name(image: Image.Image) -> str:
    """PNG for images that were made in memory or opened by Pillow from a format that we do not know."""
    return "JPEG" if image.format == "MPO" else image.format if image.format in OPENERS else "PNG"


_LIMIT_LOCK = threading.Lock()


@contextmanager
def _pillow_limit_raised(pixels: int) -> Iterator[None]:
    """Let Pillow decode a picture that is within our limit but above its own.

    Pillow's limit is a module global that its TIFF decoder looks up while loading. It is raised to this very size,
    only for a picture that needs it, only while that picture decodes, one at a time.
    """
    if Image.MAX_IMAGE_PIXELS is None or pixels <= Image.MAX_IMAGE_PIXELS:
        yield
        return
    with _LIMIT_LOCK:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


@contextmanager
def only_picture_errors(name: str) -> Iterator[None]:
    """Whatever a decoder or the file system raises within becomes one line of ours. Raises PictureError."""
    try:
        yield
    except HarmonicError:
        raise
    except FileNotFoundError as error:
        raise PictureError(f"{name}: there is no such file; check the name") from error
    except MemoryError as error:
        raise PictureError(f"{name}: not enough memory to decode it; cut or shrink the picture") from error
    except Image.DecompressionBombError as error:
        raise PictureError(f"{name}: too large to be decoded safely; save it as TIFF or PNG first") from error
    except OSError as error:
        if error.errno is not None:  # from the system; Pillow's own OSErrors bear no number
            raise PictureError(f"{name}: cannot be read ({reason(error)}); check its permissions") from error
        raise PictureError(_damaged(name, error)) from error
    except Exception as error:  # SyntaxError, ValueError, RuntimeError, struct.error, ...: all mean damage
        raise PictureError(_damaged(name, error)) from error


def _damaged(name: str, error: Exception) -> str:
    return f"{name}: is damaged or cut short ({reason(error)}); use an undamaged copy"
