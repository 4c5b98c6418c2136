"""Picture file -> Picture. Content decides the format, the header is checked before a pixel is decoded, and nothing but
PictureError leaves this room: Pillow raises at least six classes of its own on damaged files.

Damage is seen where the format lets it be seen (cuts, PNG checksums); a flipped bit in a JPEG, WebP or BMP is not.
`ImageFile.LOAD_TRUNCATED_IMAGES` is never set: it is process-wide and would let cut files through.
"""

import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

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

from harmonic.errors import PictureError
from harmonic.images.formats import READABLE, SNIFFED_BYTES, Format, by_suffix, foreign_kind, sniff, writable_like
from harmonic.images.header import avif_bits, check_depth, check_header, tiff_bits
from harmonic.images.message import reason, shown
from harmonic.images.metadata import fitting_profile, metadata_of
from harmonic.images.picture import Metadata, Picture
from harmonic.images.pixels import split, upright

# The allow-list. The classes are opened directly: `Image.open` would apply Pillow's own, process-wide pixel limit.
_OPENERS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
}


def read_picture(source: Path | str | Image.Image, *, max_pixels: int = 512_000_000) -> Picture:
    """Decode one 8-bit picture from a file or a PIL image, upright, with its metadata. The source is not changed.

    Raises PictureError, one line with a remedy, for whatever cannot be restored faithfully: damaged, animated,
    deeper than 8 bit, CMYK without a profile, more than `max_pixels`, none of the known formats.
    """
    if isinstance(source, Image.Image):
        name = shown(getattr(source, "filename", "") or "picture")
        with _only_picture_errors(name):
            return _decode(source, name, max_pixels)
    path = Path(source)
    name = shown(path)
    with _only_picture_errors(name):
        _check_regular(path, name)
        with path.open("rb") as file:
            form = _format_of(file, name)
            # The open file is passed on, not its name: Pillow maps named files into memory, and a mapped file that
            # another program cuts short kills the process.
            picture = _decode(_open(file, form, name), name, max_pixels)
    return replace(picture, notes=(*_about_format(path, form), *picture.notes))


def _about_format(path: Path, form: Format) -> Iterator[str]:
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


def _open(file: IO[bytes], form: Format, name: str) -> ImageFile.ImageFile:
    """Read the header. What Pillow would refuse without a reason, or accept and cut to 8 bit, is named here."""
    if form.name == "TIFF":
        check_depth(tiff_bits(_first_tiff_directory(file)), name)
    if form.name == "AVIF":
        check_depth(avif_bits(file.read(65_536)), name)
    file.seek(0)
    image = _OPENERS[form.name](file)
    if form.name == "PNG" and isinstance(key := image.info.get("transparency"), int):
        # Pillow scales grey values of 2 and 4 bit to 8, but not the key that marks one of them as transparent.
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}.get(str(image.tile[0].args), 1)
    return image


def _first_tiff_directory(file: IO[bytes]) -> TiffImagePlugin.ImageFileDirectory_v2:
    head = file.read(8)
    if head[2] == 43 or head[3] == 43:  # BigTIFF has a longer header
        head += file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(head)
    file.seek(tags.next)
    tags.load(file)
    return tags


def _decode(image: Image.Image, name: str, max_pixels: int) -> Picture:
    """An opened image -> Picture. Metadata come after load(): a PNG may carry them behind its pixels."""
    notes = check_header(image, name, max_pixels)
    with _pillow_limit_raised(image.width * image.height):
        image.load()
    metadata, orientation, more = metadata_of(image)
    colour, alpha, expanded = split(image, name)
    # After a CMYK conversion the file's profile no longer describes the numbers.
    profile = None if image.mode == "CMYK" else image.info.get("icc_profile")
    icc, dropped = fitting_profile(profile, colour.shape[2])
    return Picture(
        colour=upright(colour, orientation),
        alpha=None if alpha is None else upright(alpha, orientation),
        format=_format_name(image),
        metadata=Metadata(icc, metadata.exif, metadata.xmp, metadata.dpi),
        notes=(*notes, *more, *expanded, *dropped, *_lost(image)),
    )


def _format_name(image: Image.Image) -> str:
    """PNG for images that were made in memory or opened by Pillow from a format that we do not know."""
    return "JPEG" if image.format == "MPO" else image.format if image.format in _OPENERS else "PNG"


def _lost(image: Image.Image) -> tuple[str, ...]:
    """Notes on what a file holds beside the one picture and the metadata that are kept."""
    notes = []
    if "mp" in image.info:
        notes.append("only the main picture of a multi-picture JPEG is taken")
    gamma = image.info.get("gamma")
    if gamma and "icc_profile" not in image.info and "srgb" not in image.info and abs(gamma - 1 / 2.2) > 1e-3:
        notes.append(f"PNG gamma {gamma:g} is not kept")
    return tuple(notes)


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
def _only_picture_errors(name: str) -> Iterator[None]:
    """Turn whatever a decoder or the file system raises into one line of ours."""
    try:
        yield
    except PictureError:
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
