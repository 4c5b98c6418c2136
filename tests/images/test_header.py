"""What the header decides: depth, by our own reading; animations and pages, refused unless one is named."""

import struct
import sys

import numpy as np
import pytest
from PIL import Image

from harmonic.errors import PictureError, UsageError
from harmonic.images import vips
from harmonic.images.header import avif_bits
from harmonic.images.picture import Picture, joined
from harmonic.images.read import read_picture
from harmonic.images.strips import open_strips
from harmonic.images.tiff_tags import read_directory
from harmonic.images.write import encode
from spoiled import png16


def refusal(source, **options) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(source, **options)
    return str(caught.value)


def tiff(width: int, height: int, bits: int, sample_format: int, samples: int) -> bytes:
    """A minimal TIFF with any depth, which Pillow itself would refuse to write."""
    data = bytes(width * height * samples * bits // 8)
    size = 8 + 2 + 12 * 10 + 4
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, samples, bits if samples == 1 else size + len(data)),
        (259, 3, 1, 1),
        (262, 3, 1, 1 if samples == 1 else 2),
        (273, 4, 1, size),
        (277, 3, 1, samples),
        (278, 4, 1, height),
        (279, 4, 1, len(data)),
        (339, 3, 1, sample_format),
    ]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4)
    return head + data + struct.pack(f"<{samples}H", *[bits] * samples)


@pytest.mark.parametrize("bits, sample_format, dtype", [(16, 1, np.uint16), (32, 3, np.float32), (16, 3, np.float32)])
@pytest.mark.parametrize("samples", [1, 3])
def test_the_depth_of_a_tiff_is_that_of_its_tags(tmp_path, bits, sample_format, dtype, samples):
    (path := tmp_path / "a.tif").write_bytes(tiff(5, 4, bits, sample_format, samples))
    assert read_picture(path).colour.dtype == dtype and read_picture(path).colour.shape == (4, 5, samples)
    assert "not taken here" in refusal(path, deep=False)


@pytest.mark.parametrize("bits, sample_format, said", [(32, 1, "32-bit integer"), (16, 2, "signed"), (64, 3, "64-bit")])
def test_depths_that_cannot_be_kept_are_refused_by_name(tmp_path, bits, sample_format, said):
    (path := tmp_path / "a.tif").write_bytes(tiff(5, 4, bits, sample_format, 1))
    assert said in refusal(path)


@pytest.mark.parametrize("name", ["pyvips", "_libvips"])
def test_without_the_extra_deep_pictures_are_refused_by_its_name(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "pyvips", raising=False) if name != "pyvips" else None
    vips._set_up.cache_clear()
    (path := tmp_path / "a.tif").write_bytes(tiff(5, 4, 16, 1, 3))
    assert "need the extra `images`; run pip install 'harmonic-ir[images]'" in refusal(path)
    monkeypatch.undo()
    vips._set_up.cache_clear()


def test_the_handmade_tiff_is_sound(tmp_path):
    (path := tmp_path / "a.tif").write_bytes(tiff(5, 4, 8, 1, 3))
    assert read_picture(path).colour.shape == (4, 5, 3)


@pytest.mark.parametrize("colour_type, samples", [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_dark_16_bit_png_stay_16_bit_and_dark(tmp_path, colour_type, samples):
    values = np.random.default_rng(0).integers(0, 256, (2, 3, samples), np.uint16)
    (path := tmp_path / "a.png").write_bytes(png16(values))
    picture = read_picture(path)
    assert picture.colour.dtype == np.uint16
    assert np.array_equal(joined(picture.colour, picture.alpha), values)


def test_a_pil_image_that_was_cut_to_8_bit_is_refused(tmp_path):
    for samples in (2, 3, 4):
        (path := tmp_path / "a.png").write_bytes(png16(np.zeros((2, 3, samples), np.uint16)))
        with Image.open(path) as opened:
            assert "pass the path" in refusal(opened)


@pytest.mark.parametrize("head", [b"P5 2 2 65535\n", b"P6 2 2 1023\n", b"P2 2 2 999\n1 2 3 4", b"P3 1 1 999\n1 2 3"])
def test_deep_ppm_is_refused_not_cut(tmp_path, head):
    (path := tmp_path / "a.ppm").write_bytes(head + bytes(64))
    assert "16-bit" in refusal(path)


def test_deep_grey_pil_images_keep_their_depth():
    grey = np.random.default_rng(0).integers(0, 65536, (2, 3), np.uint16)
    assert np.array_equal(read_picture(Image.fromarray(grey)).colour[..., 0], grey)
    real = np.array([[-1.5, 7]], np.float32)
    assert np.array_equal(read_picture(Image.fromarray(real)).colour[..., 0], real)
    assert "finite" in refusal(Image.fromarray(real * np.float32(np.inf)))
    assert "32-bit integer" in refusal(Image.new("I", (2, 2)))


@pytest.mark.parametrize("flags, bits", [(0x00, 8), (0x0C, 8), (0x40, 10), (0x60, 12)])
def test_avif_depth_is_read_from_its_configuration_box(flags, bits):
    assert avif_bits(b"....ftypavif....av1C\x81\x20" + bytes([flags, 0])) == bits


def test_deep_avif_is_deep_and_white_stays_white(tmp_path):
    white = np.full((16, 16, 3), 65535, np.uint16)
    white[:8] = 0
    (path := tmp_path / "a.avif").write_bytes(encode(Picture(white), "avif"))
    picture = read_picture(path)
    assert picture.colour.dtype == np.uint16
    assert picture.colour[:6].max() < 300 and picture.colour[10:].max() == 65_535


def test_an_avif_that_lies_about_its_depth_is_refused(tmp_path, make):
    make().save(path := tmp_path / "a.avif")
    data = bytearray(path.read_bytes())
    data[data.index(b"av1C") + 6] |= 0x40
    path.write_bytes(data)
    assert "is damaged or cut short" in refusal(path)


def test_a_long_document_is_no_attack_and_an_endless_one_is(tmp_path, make):
    """70 pages are a scan; a chain that runs in a circle is refused before anything is decoded."""
    pages = [make("L").rotate(90 * (i % 4)) for i in range(70)]
    pages[0].save(path := tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert "page 1 to 70" in refusal(path)
    assert np.array_equal(read_picture(path, page=70).colour[..., 0], np.asarray(pages[69]))
    with path.open("rb") as file:
        first = read_directory(file)
    data = bytearray(path.read_bytes())
    link = first.place + 2 + 12 * first.count
    data[link : link + 4] = struct.pack("<I", first.place)
    path.write_bytes(data)
    assert "runs in a circle" in refusal(path)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_animations_are_refused(tmp_path, make, suffix):
    frames = [make("RGB"), make("RGB").rotate(180)]
    frames[0].save(path := tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    assert "animated" in refusal(path)
    with Image.open(path) as opened:
        assert "animated" in refusal(opened)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_a_frame_that_is_named_is_taken_and_said(tmp_path, make, suffix):
    frames = [make("RGB"), make("RGB").rotate(180)]
    options = {"lossless": True} if suffix == ".webp" else {}
    frames[0].save(path := tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:], **options)
    for page in (1, 2):
        picture = read_picture(path, page=page)
        with Image.open(path) as opened:
            opened.seek(page - 1)
            assert np.array_equal(picture.colour, np.asarray(opened.convert("RGB")))
        assert f"frame {page} alone is taken" in picture.notes
    assert "no frame 3" in refusal(path, page=3)
    with pytest.raises(UsageError, match="count from 1"):
        read_picture(path, page=0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_single_picture_has_no_second_frame(tmp_path, dtype):
    (path := tmp_path / "a.png").write_bytes(encode(Picture(np.zeros((2, 3, 3), dtype)), "png"))
    assert "no frame 2" in refusal(path, page=2)
    with pytest.raises(PictureError, match="no frame 2"), open_strips(path, page=2):
        pass


def test_a_single_gif_is_a_picture_and_its_fate_is_said(tmp_path, make):
    make("P").save(path := tmp_path / "a.gif")
    picture = read_picture(path)
    assert np.array_equal(picture.colour, np.asarray(make("P").convert("RGB")))
    assert any("PNG" in note for note in picture.notes)


def test_the_main_picture_of_a_multi_picture_jpeg_is_taken(tmp_path, make):
    make().save(path := tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[make(width=8, height=5)])
    with Image.open(path) as opened:
        assert opened.format == "MPO"
        for picture in (read_picture(path), read_picture(opened)):
            assert picture.format == "JPEG" and picture.colour.shape == (21, 34, 3)
            assert picture.notes == ("only the main picture of a multi-picture JPEG is taken",)


def test_several_pages_are_refused_but_reduced_copies_are_not_pages(tmp_path, make):
    make().save(path := tmp_path / "pages.tif", save_all=True, append_images=[make()])
    assert "pages" in refusal(path)
    assert np.array_equal(read_picture(path, page=2).colour, np.asarray(make()))
    assert "page 2 of 2 is taken" in read_picture(path, page=2).notes
    assert "no page 3" in refusal(path, page=3)

    thumbnail = make(width=8, height=5)
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    make().save(path := tmp_path / "pyramid.tif", save_all=True, append_images=[thumbnail])
    picture = read_picture(path)
    assert np.array_equal(picture.colour, np.asarray(make()))
    assert "reduced copies" in picture.notes[0]
