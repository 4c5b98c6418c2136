"""The writer: what goes in comes back, what a format cannot hold is refused or said, names are never half written."""

import io
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from harmonic.errors import PictureError, ResourceError, UsageError
from harmonic.images import write
from harmonic.images.picture import Metadata, Picture, picture_to_pil
from harmonic.images.read import read_picture
from harmonic.images.write import encode, refuse_unwritable, write_picture

LOSSLESS = ["png", "tiff", "webp", "bmp"]


@pytest.fixture
def picture(make, srgb) -> Picture:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 1
    exif[0x8769] = {0x9003: "2020:01:01 00:00:00", 0xA002: 9999, 0xA003: 9999}
    xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/">Grüße</x:xmpmeta>'.encode()
    carried = {"iptc": b"\x1c\x02\x78\0\7Caption", "texts": (("Comment", "Grüße"),)}
    colours = (("gAMA", (100_000).to_bytes(4, "big")),)
    metadata = Metadata(srgb, exif.tobytes(), xmp, (300.0, 300.0), **carried, png_colour=colours)
    return Picture(np.asarray(make()), metadata=metadata)


@pytest.mark.parametrize("format", LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA"])
def test_lossless_formats_return_every_pixel(tmp_path, make, format, mode):
    original = read_picture(make(mode))
    if original.alpha is not None and format == "bmp":
        pytest.skip("BMP holds no transparency")
    write_picture(target := tmp_path / f"a.{format}", original)
    back = read_picture(target)
    assert np.array_equal(np.broadcast_to(original.colour, back.colour.shape), back.colour)
    assert back.colour.shape[2] == (3 if format == "webp" else original.colour.shape[2])
    assert np.array_equal(back.alpha, original.alpha) if original.alpha is not None else back.alpha is None


@pytest.mark.parametrize("format, worst", [("jpg", 12), ("avif", 12)])
def test_lossy_defaults_stay_close(make, format, worst):
    smooth = np.asarray(make(width=64, height=64))[..., :2].mean(2, keepdims=True).repeat(3, 2).astype(np.uint8)
    back = read_picture(Image.open(io.BytesIO(encode(Picture(smooth), format))))
    assert np.abs(back.colour.astype(int) - smooth).max() <= worst


def test_jpeg_keeps_full_colour_resolution(make):
    image = Image.open(io.BytesIO(encode(read_picture(make()), "jpg")))
    assert image.layer[1][1:3] == image.layer[0][1:3]  # pyright: ignore  (component, h, v, table)


@pytest.mark.parametrize("format", ["jpg", "webp", "avif"])
def test_quality_trades_size(make, format):
    picture = read_picture(make(width=128, height=96))
    assert len(encode(picture, format, quality=20)) < len(encode(picture, format, quality=95))


def test_colours_under_full_transparency_survive_webp(make):
    image = make("RGBA")
    image.putalpha(0)
    picture = read_picture(image)
    back = read_picture(Image.open(io.BytesIO(encode(picture, "webp"))))
    assert np.array_equal(back.colour, picture.colour)


@pytest.mark.parametrize("format", ["png", "jpg", "webp", "tiff", "avif", "bmp"])
def test_metadata_return_and_losses_are_said(tmp_path, picture, format):
    notes = write_picture(target := tmp_path / f"a.{format}", picture)
    back, held = read_picture(target).metadata, write.by_name(format).holds
    for field in ("icc", "xmp", "iptc"):
        assert getattr(back, field) == (getattr(picture.metadata, field) if field in held else None)
    assert back.texts == (picture.metadata.texts if "texts" in held else ())
    assert back.png_colour == ()  # a profile is stronger
    assert back.dpi == (pytest.approx((300, 300), rel=1e-3) if "dpi" in held else None)
    if "exif" in held:
        exif = Image.Exif()
        exif.load(back.exif or b"")
        assert exif[0x010F] == "Maker" and exif.get_ifd(0x8769)[0x9003] == "2020:01:01 00:00:00"
        assert (exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003]) == (34, 21)
    assert len(notes) == len({"icc", "exif", "xmp", "dpi", "iptc", "texts", "png_colour"} - held)


def test_tiff_without_camera_data_is_compressed(picture):
    flat = Picture(np.zeros((200, 200, 3), np.uint8), metadata=Metadata(xmp=b"<x/>"))
    assert len(encode(flat, "tiff")) < 20_000


def test_a_grey_profile_does_not_get_into_webp(tmp_path, make, as_profile_for):
    grey = replace(read_picture(make("L")), metadata=Metadata(icc=as_profile_for("GRAY")))
    assert "ICC" in write_picture(tmp_path / "a.webp", grey)[0]
    assert write_picture(tmp_path / "a.png", grey) == ()
    assert read_picture(tmp_path / "a.png").metadata.icc == grey.metadata.icc


def test_exif_too_long_for_jpeg_is_said(tmp_path, make):
    exif = Image.Exif()
    exif[0x010E] = "x" * 70_000
    picture = replace(read_picture(make()), metadata=Metadata(exif=exif.tobytes()))
    assert "EXIF" in write_picture(tmp_path / "a.jpg", picture)[0]


def test_pil_image_carries_the_metadata(picture):
    image = picture_to_pil(picture)
    again = read_picture(image)
    assert np.array_equal(again.colour, picture.colour)
    assert (again.metadata.icc, again.metadata.dpi) == (picture.metadata.icc, picture.metadata.dpi)


def test_same_picture_same_bytes(picture):
    for format in ("png", "jpg", "webp", "tiff", "avif", "bmp"):
        assert encode(picture, format) == encode(picture, format)


# -- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jpg", "a.bmp"])
def test_transparency_is_refused_with_the_remedy(tmp_path, make, name):
    with pytest.raises(PictureError, match=f"{name}: .* cannot hold transparency; use --format png"):
        write_picture(tmp_path / name, read_picture(make("RGBA")))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format, longest", [("jpg", 65_500), ("webp", 16_383)])
def test_format_limits_are_checked_first(format, longest):
    encode(Picture(np.zeros((1, longest, 3), np.uint8)), format)
    for shape in [(1, longest + 1, 3), (longest + 1, 1, 3)]:
        with pytest.raises(PictureError, match=f"{longest:,} pixels a side; use --format png"):
            encode(Picture(np.zeros(shape, np.uint8)), format)


def test_existing_files_are_kept_unless_overwrite(tmp_path, picture):
    (target := tmp_path / "a.png").write_bytes(b"precious")
    with pytest.raises(PictureError, match="--overwrite"):
        write_picture(target, picture)
    assert target.read_bytes() == b"precious"
    write_picture(target, picture, overwrite=True)
    assert np.array_equal(read_picture(target).colour, picture.colour)


def test_a_file_that_appears_while_encoding_is_kept(tmp_path, picture, monkeypatch):
    target, plain = tmp_path / "a.png", write.encode

    def encode_slowly(*arguments, **options):
        target.write_bytes(b"somebody else's")
        return plain(*arguments, **options)

    monkeypatch.setattr(write, "encode", encode_slowly)
    with pytest.raises(PictureError, match="--overwrite"):
        write_picture(target, picture)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"somebody else's"]


@pytest.mark.parametrize("format", ["gif", "xyz", "", "raw"])
def test_unknown_formats_are_refused_with_the_list(tmp_path, picture, format):
    with pytest.raises((UsageError, PictureError), match="png, jpg, webp, tiff, avif, bmp"):
        write_picture(tmp_path / "a", picture, format=format)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_quality_out_of_range_is_refused(picture, quality):
    with pytest.raises(UsageError, match="1 to 100"):
        encode(picture, "jpg", quality)


def test_encoder_errors_become_ours(picture, monkeypatch):
    def broken(*_, **__):
        raise SystemError("tile cannot extend outside image\n")

    monkeypatch.setattr(Image.Image, "save", broken)
    with pytest.raises(PictureError, match=r"a\.jpg: cannot be encoded as JPEG .*; use --format"):
        encode(picture, "jpg", name="a.jpg")


def test_a_disk_without_room_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=35_000_000))
    refuse_unwritable(tmp_path / "new" / "a.png", None, 4_000, 2_000, False)
    for dtype, height in ((np.uint8, 3_000), (np.uint16, 2_000)):
        with pytest.raises(ResourceError, match=r"a\.png: needs about .* MB, 35 MB are free; free some space"):
            refuse_unwritable(tmp_path / "new" / "a.png", None, 4_000, height, False, dtype)


@pytest.mark.parametrize("format, said", [("jpg", "8 bit"), ("webp", "8 bit"), ("bmp", "8 bit"), ("avif", "12 bit")])
def test_16_bit_is_rounded_where_it_must_be_and_said(tmp_path, make, format, said):
    deep = np.asarray(make()).astype(np.uint16) * 257
    deep[:, ::2] += (deep[:, ::2] < 65_000) * np.uint16(100)
    notes = write_picture(target := tmp_path / f"a.{format}", Picture(deep))
    assert said in notes[0]
    if format in ("webp", "bmp"):
        assert np.array_equal(read_picture(target).colour, np.asarray(make()))


def test_floats_go_into_tiff_alone(tmp_path):
    real = Picture(np.full((3, 4, 3), 7.5, np.float32))
    assert write_picture(tmp_path / "a.tif", real) == ()
    for format in ("png", "jpg", "webp", "avif", "bmp"):
        with pytest.raises(PictureError, match="cannot hold float values; use --format tiff"):
            write_picture(tmp_path / f"a.{format}", real)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, picture, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ResourceError, match=r"No space left on device.*; free some space"):
        write_picture(tmp_path / "a.png", picture)
    assert not list(tmp_path.iterdir())
