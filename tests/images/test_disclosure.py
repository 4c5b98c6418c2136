"""Metadata stay, or go as far as the user wants; the mark says what made the file."""

from dataclasses import replace

import pytest
from PIL import ExifTags, Image

from harmonic.errors import UsageError
from harmonic.images.disclosure import disclosed, mark_of
from harmonic.images.picture import Metadata

XMP = (
    b'<x:xmpmeta><rdf:Description exif:GPSLatitude="48,12N" drone-dji:GpsLongitude=\'16.4\' xmp:Rating="5">'
    b"<exif:GPSAltitude>20/1</exif:GPSAltitude><exif:GPSMapDatum/><dc:title>Wien</dc:title></rdf:Description></x:xmpmeta>"
)


@pytest.fixture
def metadata():
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Software] = "Camera", "Editor 3"
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (48.0, 12.0, 30.0)}
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExposureTime: 0.01}
    return Metadata(b"profile", exif.tobytes(), XMP, (300.0, 300.0))


def parsed(exif):
    result = Image.Exif()
    result.load(exif)
    return result


def test_keep_adds_the_mark_and_leaves_the_rest(metadata):
    kept = disclosed(metadata, "keep", "HARMONIC 1")
    assert mark_of(kept.exif) == "HARMONIC 1" and (kept.icc, kept.xmp, kept.dpi) == (b"profile", XMP, (300.0, 300.0))
    before, after = parsed(metadata.exif), parsed(kept.exif)
    assert after[ExifTags.Base.Software] == "Editor 3" and after[ExifTags.Base.Make] == "Camera"
    for directory in (ExifTags.IFD.GPSInfo, ExifTags.IFD.Exif):
        assert after.get_ifd(directory) == before.get_ifd(directory) != {}
    assert disclosed(metadata, "keep", None) is metadata


def test_strip_leaves_the_profile_and_the_density_and_no_mark(metadata):
    telling = replace(metadata, iptc=b"by-line", texts=(("Author", "somebody"),))
    assert disclosed(telling, "strip", "HARMONIC 1") == Metadata(b"profile", None, None, (300.0, 300.0))


def test_strip_gps_takes_places_alone(metadata):
    left = disclosed(metadata, "strip-gps", "HARMONIC 1")
    assert b"gps" not in left.xmp.lower() and b'xmp:Rating="5"' in left.xmp and b"<dc:title>Wien" in left.xmp
    exif = parsed(left.exif)
    assert ExifTags.IFD.GPSInfo not in exif and exif[ExifTags.Base.Make] == "Camera"
    assert exif.get_ifd(ExifTags.IFD.Exif) and mark_of(left.exif) == "HARMONIC 1"


def test_a_picture_without_metadata_gets_the_mark_alone():
    assert mark_of(disclosed(Metadata(), "keep", "HARMONIC 1").exif) == "HARMONIC 1"
    assert disclosed(Metadata(), "strip-gps", None) == Metadata()


def test_other_wishes_are_refused(metadata):
    with pytest.raises(UsageError, match="use one of keep, strip, strip-gps"):
        disclosed(metadata, "hide", None)
