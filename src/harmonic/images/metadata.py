"""Profile, EXIF, XMP and resolution: out of a PIL image in a form that stays true for the restored picture.

The orientation is taken out once and both of its tags reset; the EXIF thumbnail shows the old pixels and is dropped.
Bytes that cannot be understood are dropped with a note, never a reason to refuse the pixels.
"""

import io
import math
import re

from PIL import ExifTags, Image, ImageCms

from harmonic.images.picture import Metadata

_EXIF, _GPS, _INTEROP = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.Interop
_ORIENTATION, _X_RESOLUTION = ExifTags.Base.Orientation, ExifTags.Base.XResolution
_WIDTH, _HEIGHT = 0xA002, 0xA003  # PixelXDimension, PixelYDimension, in the Exif directory

# Tags of a TIFF that say how its pixels are stored, not what they show (TIFF 6.0), and blocks that we carry ourselves
# (700 XMP, 34675 ICC) or that Pillow cannot carry (33723 IPTC, 34377 Photoshop). A new file has its own.
_STORAGE = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291}
    | {292, 293, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336, 337, 338, 339, 340}
    | {341, 342, 347, *range(512, 533), 700, 33723, 34377, 34675}
)


def metadata_of(image: Image.Image) -> tuple[Metadata, int, tuple[str, ...]]:
    """A loaded image -> (metadata without a profile, orientation 1 to 8 that its pixels still need, notes)."""
    exif, orientation, states_dpi = None, 1, False
    try:
        found = image.getexif()
        damaged = "exif" in image.info and not len(found)
        orientation, states_dpi = int(found.get(_ORIENTATION, 1)), _X_RESOLUTION in found
        exif = _renewed(found)
    except Exception:  # Pillow's EXIF parser raises half a dozen classes on damaged bytes
        damaged = True
    orientation = orientation if orientation in range(1, 9) else 1
    # Without a resolution in the file, Pillow makes one up: 72 dpi for a JPEG with EXIF data, 1 dpi for a TIFF.
    states_dpi |= image.format not in ("JPEG", "MPO", "TIFF") or image.info.get("jfif_unit") in (1, 2)
    metadata = Metadata(None, exif, _xmp_of(image), _dpi_of(image) if states_dpi else None)
    return metadata, orientation, ("damaged EXIF data dropped",) if damaged else ()


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
    if isinstance(xmp, str):
        xmp = xmp.encode()
    if not isinstance(xmp, bytes) or not xmp:
        return None
    return re.sub(rb"(tiff:Orientation(?:\s*=\s*[\"']|>\s*))[2-8]", rb"\g<1>1", xmp)


def _dpi_of(image: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if all(math.isfinite(v) and v > 0 for v in (across, down)) else None


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
