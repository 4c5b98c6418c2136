"""What is refused from the header: depth that would be cut in silence, animations, documents of several pages."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from harmonic.errors import PictureError
from harmonic.images.header import avif_bits
from harmonic.images.read import read_picture


def refusal(source) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(source)
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


@pytest.mark.parametrize("bits, sample_format, said", [(16, 1, "16-bit"), (32, 3, "32-bit float"), (16, 3, "float")])
@pytest.mark.parametrize("samples", [1, 3])
def test_deep_tiff_is_refused_not_cut(tmp_path, bits, sample_format, said, samples):
    (path := tmp_path / "a.tif").write_bytes(tiff(5, 4, bits, sample_format, samples))
    assert said in (message := refusal(path)) and "not supported yet" in message


def test_the_handmade_tiff_is_sound(tmp_path):
    (path := tmp_path / "a.tif").write_bytes(tiff(5, 4, 8, 1, 3))
    assert read_picture(path).colour.shape == (4, 5, 3)


def test_deep_png_is_refused_not_cut(tmp_path):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for colour_type, samples in [(0, 1), (2, 3), (4, 2), (6, 4)]:
        rows = (b"\0" + bytes(3 * samples * 2)) * 2
        header = struct.pack(">IIBBBBB", 3, 2, 16, colour_type, 0, 0, 0)
        body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        (path := tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
        assert "16-bit" in refusal(path)
        with Image.open(path) as opened:
            assert "16-bit" in refusal(opened)


@pytest.mark.parametrize("head", [b"P5 2 2 65535\n", b"P6 2 2 1023\n", b"P2 2 2 999\n1 2 3 4", b"P3 1 1 999\n1 2 3"])
def test_deep_ppm_is_refused_not_cut(tmp_path, head):
    (path := tmp_path / "a.ppm").write_bytes(head + bytes(64))
    assert "16-bit" in refusal(path)


def test_deep_pil_images_are_refused():
    assert "16-bit" in refusal(Image.fromarray(np.zeros((2, 2), np.uint16)))
    assert "32-bit float" in refusal(Image.new("F", (2, 2)))
    assert "32-bit integer" in refusal(Image.new("I", (2, 2)))


@pytest.mark.parametrize("flags, bits", [(0x00, None), (0x0C, None), (0x40, "10-bit"), (0x60, "12-bit")])
def test_avif_depth_is_read_from_its_configuration_box(flags, bits):
    assert avif_bits(b"....ftypavif....av1C\x81\x20" + bytes([flags, 0])) == bits


def test_deep_avif_is_refused_not_cut(tmp_path, make):
    make().save(path := tmp_path / "a.avif")
    data = bytearray(path.read_bytes())
    data[data.index(b"av1C") + 6] |= 0x40
    path.write_bytes(data)
    assert "10-bit" in refusal(path)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_animations_are_refused(tmp_path, make, suffix):
    frames = [make("RGB"), make("RGB").rotate(180)]
    frames[0].save(path := tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    assert "animated" in refusal(path)
    with Image.open(path) as opened:
        assert "animated" in refusal(opened)


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

    thumbnail = make(width=8, height=5)
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    make().save(path := tmp_path / "pyramid.tif", save_all=True, append_images=[thumbnail])
    picture = read_picture(path)
    assert np.array_equal(picture.colour, np.asarray(make()))
    assert "reduced copies" in picture.notes[0]
