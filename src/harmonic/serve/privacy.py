"""What of a picture's metadata goes out again. The service drops them unless asked: they tell places and names."""

import re
from dataclasses import replace

from PIL import ExifTags, Image

from harmonic.images.picture import Metadata


def kept(metadata: Metadata, wish: str) -> Metadata:
    """wish: keep; strip = profile and resolution alone, which say how the pixels are meant; strip-gps = no places."""
    match wish:
        case "keep":
            return metadata
        case "strip":
            return Metadata(icc=metadata.icc, dpi=metadata.dpi)
        case _:
            return replace(metadata, exif=_without_places(metadata.exif), xmp=_without_places_xmp(metadata.xmp))


def _without_places(exif: bytes | None) -> bytes | None:
    if exif is None:
        return None
    found = Image.Exif()
    found.load(exif)
    found.get_ifd(ExifTags.IFD.Exif)  # read before it is written again
    if ExifTags.IFD.GPSInfo in found:
        del found[ExifTags.IFD.GPSInfo]
    return found.tobytes()


def _without_places_xmp(xmp: bytes | None) -> bytes | None:
    """Without a packet that names a place: attributes and elements nest in too many ways to cut one out safely."""
    return None if xmp and re.search(rb"GPS|Location|geo:", xmp) else xmp
