"""Profile, EXIF, XMP and resolution: out of a PIL image in a form that stays true for the restored picture.

The orientation is taken out once and both of its tags reset; the EXIF thumbnail shows the old pixels and is dropped.
Bytes that cannot be understood are dropped with a note, never a reason to refuse the pixels.
"""

import io
import re
from collections.abc import Callable
from typing import IO

from PIL import ExifTags, Image, ImageCms

from harmonic.images import tiff_tags
from harmonic.images.picture import Metadata
from harmonic.images.tiff_tags import Directory

_EXIF, _GPS, _INTEROP = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.Interop
_ORIENTATION, _X_RESOLUTION = ExifTags.Base.Orientation, ExifTags.Base.XResolution
_RESOLUTION_UNIT = ExifTags.Base.ResolutionUnit
_WIDTH, _HEIGHT = 0xA002, 0xA003  # PixelXDimension, PixelYDimension, in the Exif directory
_PHOTOSHOP_NOTE = "Photoshop's own data are not kept"
_PHOTOSHOP, _IPTC_RESOURCE, _RESOLUTION_RESOURCE = 34377, 0x0404, 0x03ED

# Tags of a TIFF that say how its pixels are stored, not what they show (TIFF 6.0), and blocks that we carry ourselves
# (700 XMP, 33723 IPTC, 34675 ICC) or not at all (34377 Photoshop). A new file has its own.
_STORAGE = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291}
    | {292, 293, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336, 337, 338, 339, 340}
    | {341, 342, 347, *range(512, 533), 700, 33723, 34377, 34675}
)


def metadata_of(image: Image.Image) -> tuple[Metadata, int, tuple[str, ...]]:
    """A loaded image -> (metadata without a profile, orientation 1 to 8 that its pixels still need, notes)."""
    exif, orientation, states_dpi, notes = _exif_of(image.getexif, "exif" in image.info)
    # Without a resolution in the file, Pillow makes one up: 72 dpi for a JPEG with EXIF data, 1 dpi for a TIFF.
    states_dpi |= image.format not in ("JPEG", "MPO", "TIFF") or image.info.get("jfif_unit") in (1, 2)
    dpi = _sound_dpi(image.info.get("dpi")) if states_dpi else None
    iptc, more = _iptc_of(image)
    metadata = Metadata(None, exif, _xmp_of(image), dpi, iptc, _texts_of(image))
    return metadata, orientation, (*notes, *more)


def metadata_of_tiff(file: IO[bytes], tags: Directory) -> tuple[Metadata, int, tuple[str, ...]]:
    """The same of a directory of a TIFF, for pictures that Pillow cannot open; here with the profile as it stands."""

    def load() -> Image.Exif:
        found = Image.Exif()
        found.endian, found.bigtiff = tags.order, tags.big
        found.load_from_fp(file, tags.place)
        return found

    def content(tag: int) -> bytes | None:
        return tags.tags[tag].data if tag in tags.tags else None

    exif, orientation, _, notes = _exif_of(load, True)
    dpi, unit = (*tags.numbers(_X_RESOLUTION), *tags.numbers(_X_RESOLUTION + 1)), tags.number(_RESOLUTION_UNIT, 2)
    dpi = _sound_dpi([value * (2.54 if unit == 3 else 1) for value in dpi]) if unit in (2, 3) else None
    icc, xmp, iptc = (content(tag) for tag in (tiff_tags.ICC, tiff_tags.XMP, tiff_tags.IPTC))
    if _PHOTOSHOP in tags.tags:
        notes += (_PHOTOSHOP_NOTE,)
    return Metadata(icc, exif, _upright_xmp(xmp), dpi, iptc), orientation, notes


def _exif_of(load: Callable[[], Image.Exif], stated: bool) -> tuple[bytes | None, int, bool, tuple[str, ...]]:
    """(EXIF bytes, orientation, whether a resolution is stated, notes)."""
    exif, orientation, states_dpi = None, 1, False
    try:
        found = load()
        damaged = stated and not len(found)
        orientation, states_dpi = int(found.get(_ORIENTATION, 1)), _X_RESOLUTION in found
        exif = _renewed(found)
    except Exception:  # Pillow's EXIF parser raises half a dozen classes on damaged bytes
        damaged = True
    orientation = orientation if orientation in range(1, 9) else 1
    return exif, orientation, states_dpi, ("damaged EXIF data dropped",) if damaged else ()


def _renewed(found: Image.Exif) -> bytes | None:
    """EXIF bytes with what still holds for the restored picture; None when nothing is left."""
    exif = Image.Exif()
    exif.endian = found.endian  # maker notes are read in the byte order of their surroundings
    for tag in found:
        if tag not in _STORAGE and tag not in (_EXIF, _GPS):
            exif[tag] = 1 if tag == _ORIENTATION else found[tag]
    for tag in (_EXIF, _GPS):
        if directory := dict(found.get_ifd(tag)):
            if _INTEROP in directory:
                directory[_INTEROP] = found.get_ifd(_INTEROP)
            exif[tag] = directory
    return exif.tobytes() if set(exif) - {_ORIENTATION} else None


def exif_with_size(exif: bytes, width: int, height: int) -> bytes:
    """The same EXIF data, stating the size of the picture that is written, where they state a size at all."""
    parsed = Image.Exif()
    parsed.load(exif)
    directory = parsed.get_ifd(_EXIF)
    if not {_WIDTH, _HEIGHT} & set(directory):
        return exif
    directory.update({_WIDTH: width, _HEIGHT: height})
    return parsed.tobytes()


def _xmp_of(image: Image.Image) -> bytes | None:
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    return _upright_xmp(xmp.encode() if isinstance(xmp, str) else xmp)


def _upright_xmp(xmp: object) -> bytes | None:
    if not isinstance(xmp, bytes) or not xmp:
        return None
    return re.sub(rb"(tiff:Orientation(?:\s*=\s*[\"']|>\s*))[2-8]", rb"\g<1>1", xmp)


def _iptc_of(image: Image.Image) -> tuple[bytes | None, tuple[str, ...]]:
    """IPTC records, from the Photoshop block of a JPEG or the tag of a TIFF; and a note on what else stood there."""
    block = image.info.get("photoshop")
    block = block if isinstance(block, dict) else {}
    tags = getattr(image, "tag_v2", {})
    iptc = tags.get(tiff_tags.IPTC) or block.get(_IPTC_RESOURCE)
    more = _PHOTOSHOP in tags or set(block) - {_IPTC_RESOURCE, _RESOLUTION_RESOURCE}
    notes = (_PHOTOSHOP_NOTE,) if more else ()
    return (iptc, notes) if isinstance(iptc, bytes) and iptc else (None, notes)


def _texts_of(image: Image.Image) -> tuple[tuple[str, str], ...]:
    """Text chunks of a PNG, the comment of a JPEG or GIF."""
    texts = dict(getattr(image, "text", {}))
    if isinstance(comment := image.info.get("comment"), bytes):
        try:
            texts["Comment"] = comment.decode()
        except UnicodeDecodeError:
            texts["Comment"] = comment.decode("latin-1")
    # XMP and EXIF, which have their own places, come in text chunks too.
    own = {"XML:com.adobe.xmp"} | {key for key in texts if key.startswith("Raw profile type")}
    return tuple((key, str(text)) for key, text in texts.items() if key not in own)


_MOST_DPI = 65_535  # what every format can hold; a state beyond it is damage


def _sound_dpi(dpi: object) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in dpi)  # type: ignore[union-attr]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if all(0 < v <= _MOST_DPI for v in (across, down)) else None


def fitting_profile(icc: bytes | None, channels: int) -> tuple[bytes | None, tuple[str, ...]]:
    """The profile when it is sound and made for this number of colour channels (1 or 3), else None and a note."""
    if not icc:
        return None, ()
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
        space = profile.xcolor_space.strip()  # pyright: ignore[reportAttributeAccessIssue]
    except Exception:  # OSError for unreadable bytes, TypeError for what is no bytes at all
        return None, ("damaged ICC profile dropped",)
    wanted = "GRAY" if channels == 1 else "RGB"
    if space != wanted:
        return None, (f"ICC profile dropped: it is for {space}, the picture is {wanted}",)
    return icc, ()
