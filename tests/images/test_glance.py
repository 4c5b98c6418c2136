"""What a header tells of size, depth and transparency, also where Pillow would refuse or cannot look."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFile

from harmonic.images.glance import Glance, glance_at, upright_size
from picture_files import chunk


@pytest.mark.parametrize("kind, size", [("u1", 1), ("u2", 2), ("f4", 4)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_of_every_depth(tmp_path, kind, size, channels):
    shape = (10, 12) if channels == 1 else (10, 12, channels)
    photometric = "minisblack" if channels == 1 else "rgb"
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, kind), photometric=photometric, **extra)
    assert glance_at(tmp_path / "a.tif") == Glance(12, 10, min(channels, 3), channels < 4, size)


def test_pictures_above_the_limit_that_pillow_has(tmp_path):
    assert Image.MAX_IMAGE_PIXELS and 2 * Image.MAX_IMAGE_PIXELS < 20_000**2
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(content)
    seen = glance_at(tmp_path / "a.png")
    assert seen == Glance(20_000, 20_000, 3, True, 2) and seen.bytes == 2_400_000_000


@pytest.mark.parametrize(
    "mode, channels, opaque", [("L", 1, True), ("RGB", 3, True), ("RGBA", 3, False), ("P", 3, False)]
)
def test_modes_of_pillow(tmp_path, mode, channels, opaque):
    Image.new(mode, (12, 10)).save(tmp_path / "a.png")
    assert glance_at(tmp_path / "a.png") == Glance(12, 10, channels, opaque, 1)


def test_sides_are_as_seen(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    for name in ("a.jpg", "a.tif"):
        Image.new("RGB", (12, 10)).save(tmp_path / name, exif=exif)
        assert upright_size(tmp_path / name) == (10, 12)


def test_a_page_is_glanced_at_when_it_is_named(tmp_path):
    pages = [Image.new("RGB", (side, 9)) for side in (8, 12)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert upright_size(tmp_path / "a.tif", 1) == (8, 9)
    assert glance_at(tmp_path / "a.tif", 2) == Glance(12, 9, 3, True, 1)
    pages[0].save(tmp_path / "a.gif", save_all=True, append_images=[Image.new("RGB", (8, 9), "white")])
    assert glance_at(tmp_path / "a.tif") is None and glance_at(tmp_path / "a.gif") is None  # reading refuses them too


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.webp", "a.bmp", "a.gif", "a.ppm"])
def test_no_pixel_is_decoded(tmp_path, monkeypatch, name):
    Image.new("RGB", (12, 10)).save(tmp_path / name)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    assert upright_size(tmp_path / name) == (12, 10)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\nbroken", b"II*\0broken"])
def test_what_is_no_picture_is_none(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    assert glance_at(tmp_path / "a.png") is None and upright_size(tmp_path / "none.png") is None
