"""What the file of a result tells beside its pixels: metadata kept or stripped, and a mark of what made it.

The mark is the EXIF tag ProcessingSoftware (0x000B), "name and version of the software used to post-process the
picture": every format with metadata can carry EXIF, and the tag Software stays the camera's or editor's own.
"""

import re
from dataclasses import replace

from PIL import ExifTags, Image

from harmonic.errors import UsageError
from harmonic.images.picture import Metadata

WISHES = ("keep", "strip", "strip-gps")

_MARK, _GPS = ExifTags.Base.ProcessingSoftware, ExifTags.IFD.GPSInfo
_XMP_GPS = re.compile(
    rb"""\s[\w-]+:gps\w*\s*=\s*("[^"]*"|'[^']*')"""  # as an attribute
    rb"""|<([\w-]+:gps\w*)\b[^>]*(/>|>.*?</\2\s*>)""",  # as an element
    re.IGNORECASE | re.DOTALL,
)


def disclosed(metadata: Metadata, wish: str, mark: str | None) -> Metadata:
    """The metadata that the wish leaves, with the mark.

    wish: keep; strip, which leaves the profile, without which colours would change, and the DPI, and no mark either;
    strip-gps, which removes the GPS directory of EXIF and every XMP property named gps...; place names elsewhere, as
    in IPTC, stay. Raises UsageError for other wishes.
    """
    if wish not in WISHES:
        raise UsageError(f"--metadata {wish}: is not known; use one of {', '.join(WISHES)}")
    if wish == "strip":
        return replace(metadata, exif=None, xmp=None, iptc=None, texts=())
    if wish == "strip-gps":
        xmp = None if metadata.xmp is None else _XMP_GPS.sub(b"", metadata.xmp)
        metadata = replace(metadata, exif=_without_gps(metadata.exif), xmp=xmp)
    return metadata if mark is None else replace(metadata, exif=_marked(metadata.exif, mark))


def mark_of(exif: bytes | None) -> str | None:
    """The mark that EXIF data bear, of us or of other software."""
    value = _parsed(exif).get(_MARK)
    return value if isinstance(value, str) else None


def _without_gps(exif: bytes | None) -> bytes | None:
    parsed = _parsed(exif)
    if _GPS not in parsed:
        return exif
    del parsed[_GPS]
    return parsed.tobytes() if len(parsed) else None


def _marked(exif: bytes | None, mark: str) -> bytes:
    parsed = _parsed(exif)
    parsed[_MARK] = mark
    return parsed.tobytes()


def _parsed(exif: bytes | None) -> Image.Exif:
    parsed = Image.Exif()
    if exif:
        parsed.load(exif)
    return parsed
