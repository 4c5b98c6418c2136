"""Profile, EXIF, XMP and DPI: kept where they still hold, reset where the pixels were turned, dropped with a word."""

import numpy as np
import pytest
from PIL import ExifTags, Image

from harmonic.images.metadata import exif_with_size, fitting_profile
from harmonic.images.pixels import upright
from harmonic.images.read import read_picture


def parsed(exif: bytes | None) -> Image.Exif:
    assert exif is not None and exif.startswith(b"Exif\0\0")
    result = Image.Exif()
    result.load(exif)
    return result


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_orientation_is_applied_once_and_its_tag_reset(tmp_path, make, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Maker"
    options = {"lossless": True} if suffix == ".webp" else {"quality": 95} if suffix in (".jpg", ".avif") else {}
    make(width=48, height=32).save(path := tmp_path / f"a{suffix}", exif=exif, **options)
    picture = read_picture(path)
    expected = upright(np.asarray(make(width=48, height=32)), orientation)
    assert picture.colour.shape == expected.shape
    assert np.abs(picture.colour.astype(int) - expected).mean() < 8
    assert parsed(picture.metadata.exif).get(0x0112, 1) == 1
    assert parsed(picture.metadata.exif)[0x010F] == "Maker"


def test_orientation_in_xmp_alone_is_applied_and_reset(tmp_path, make):
    make().save(path := tmp_path / "a.jpg", xmp=b'<x:xmpmeta tiff:Orientation="6"></x:xmpmeta>')
    picture = read_picture(path)
    assert picture.colour.shape == (34, 21, 3)
    assert picture.metadata.xmp == b'<x:xmpmeta tiff:Orientation="1"></x:xmpmeta>'


def test_thumbnail_is_dropped_and_the_rest_of_exif_kept(tmp_path, make):
    exif = Image.Exif()
    exif[0x010F], exif[0x8825] = "Maker", {1: "N", 2: (47.0, 30.0, 0.0)}
    exif[0x8769] = {0x9003: "2020:01:01 00:00:00", 0x927C: b"maker note", 0xA002: 34, 0xA003: 21}
    data = bytearray(exif.tobytes())
    first = 6 + 8  # after "Exif\0\0" and the TIFF header: count, entries of 12 bytes, offset of the next directory
    link = first + 2 + 12 * int.from_bytes(data[first : first + 2], "big")
    data[link : link + 4] = (len(data) - 6).to_bytes(4, "big")
    data += b"\0\1\2\1\0\4\0\0\0\1\0\0\0\0\0\0\0\0" + b"THUMBNAIL"
    assert parsed(bytes(data)).get_ifd(ExifTags.IFD.IFD1)
    make().save(path := tmp_path / "a.jpg", exif=bytes(data))
    kept = read_picture(path).metadata.exif
    assert kept is not None and b"THUMBNAIL" not in kept
    assert not parsed(kept).get_ifd(ExifTags.IFD.IFD1)
    assert parsed(kept)[0x010F] == "Maker"
    assert parsed(kept).get_ifd(0x8769)[0x927C] == b"maker note"
    assert parsed(kept).get_ifd(0x8825)[2] == (47.0, 30.0, 0.0)


def test_exif_states_the_written_size_where_it_states_one():
    exif = Image.Exif()
    exif[0x8769] = {0xA002: 34, 0xA003: 21}
    directory = parsed(exif_with_size(exif.tobytes(), 68, 42)).get_ifd(0x8769)
    assert (directory[0xA002], directory[0xA003]) == (68, 42)
    exif[0x8769] = {0x9003: "2020:01:01 00:00:00"}
    assert exif_with_size(exif.tobytes(), 68, 42) == exif.tobytes()


def test_storage_tags_of_a_tiff_do_not_travel(tmp_path, make):
    make().save(path := tmp_path / "a.tif", compression="tiff_lzw", tiffinfo={270: "described"})
    assert set(parsed(read_picture(path).metadata.exif)) == {270}
    make().save(path, compression="tiff_lzw")
    assert read_picture(path).metadata.exif is None


@pytest.mark.filterwarnings("ignore")
def test_damaged_exif_costs_the_exif_alone(tmp_path, make):
    make().save(path := tmp_path / "a.jpg", exif=b"Exif\0\0XX*\0garbage")
    picture = read_picture(path)
    assert picture.metadata.exif is None and picture.notes == ("damaged EXIF data dropped",)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_profile_is_kept_byte_for_byte(tmp_path, make, srgb, suffix):
    make().save(path := tmp_path / f"a{suffix}", icc_profile=srgb)
    assert read_picture(path).metadata.icc == srgb


def test_profile_that_is_damaged_or_for_other_channels_is_dropped_and_said(srgb, as_profile_for):
    grey = as_profile_for("GRAY")
    assert fitting_profile(srgb, 3) == (srgb, ()) and fitting_profile(grey, 1) == (grey, ())
    assert fitting_profile(None, 3) == (None, ()) == fitting_profile(b"", 1)
    for icc, channels, said in [(b"junk", 3, "damaged"), (srgb, 1, "RGB"), (grey, 3, "GRAY")]:
        kept, notes = fitting_profile(icc, channels)
        assert kept is None and said in notes[0]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
@pytest.mark.parametrize("dpi", [(300, 300), (72.009, 150)])
def test_dpi_is_kept_to_a_thousandth(tmp_path, make, suffix, dpi):
    make().save(path := tmp_path / f"a{suffix}", dpi=dpi)
    assert read_picture(path).metadata.dpi == pytest.approx(dpi, rel=1e-3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_no_dpi_stays_no_dpi(tmp_path, make, suffix):
    make().save(path := tmp_path / f"a{suffix}")
    assert read_picture(path).metadata.dpi is None


def test_pillows_made_up_dpi_is_no_dpi(tmp_path, make):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    make().save(path := tmp_path / "a.jpg", exif=exif)
    assert read_picture(path).metadata.dpi is None
    exif[0x011A], exif[0x011B], exif[0x0128] = 240.0, 240.0, 2
    make().save(path, exif=exif)
    assert read_picture(path).metadata.dpi == (240, 240)


@pytest.mark.parametrize("dpi", [(0, 0), (float("nan"), 72), (-1, 72), "x", (72,), None])
def test_senseless_dpi_is_no_dpi(make, dpi):
    image = make()
    image.info["dpi"] = dpi
    assert read_picture(image).metadata.dpi is None
