"""Strips are the picture: read or written from top to bottom, it is the same as at once, and memory stays flat."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from corpus import Case, converted, kept
from harmonic.errors import PictureError
from harmonic.images import tiff_write, vips
from harmonic.images.picture import Metadata, Picture, joined
from harmonic.images.read import read_picture
from harmonic.images.strips import open_strips, write_strips
from harmonic.images.write import encode, write_picture
from picture_files import LA, RGB, RGBA, XMP, samples

EXIF = Image.Exif()
EXIF[0x010F], EXIF[0x8769], EXIF[0x8825] = "Maker", {0x9003: "2020:01:01 00:00:00", 0xA002: 9}, {1: "N"}
TYPES = [(channels, dtype) for channels in (1, 2, 3, 4) for dtype in (np.uint8, np.uint16, np.float32)]


def picture(channels: int, dtype: type) -> Picture:
    pixels = samples(channels, dtype)
    metadata = Metadata(None, EXIF.tobytes(), XMP, (300.0, 72.5), iptc=b"\x1c\x02\x78\0\1x")
    return Picture(
        pixels[..., : channels - 1 + channels % 2], pixels[..., -1] if channels % 2 == 0 else None, metadata=metadata
    )


def write_in_strips(target: Path, whole: Picture, rows: int) -> tuple[str, ...]:
    with write_strips(target, whole.outline) as writer:
        for start in range(0, len(whole.colour), rows):
            part = slice(start, start + rows)
            writer.add(whole.colour[part], None if whole.alpha is None else whole.alpha[part])
    return writer.notes


@pytest.mark.parametrize("case", [*kept(), *converted()], ids=str)
def test_a_picture_read_in_strips_is_the_picture_read_whole(tmp_path, case: Case):
    (path := tmp_path / case.name).write_bytes(case.data)
    whole = read_picture(path)
    with open_strips(path) as found:
        blocks = list(found.read(rows=5))
    assert found.outline == whole.outline
    assert [len(colour) for colour, _ in blocks[:-1]] == [5] * (len(blocks) - 1)
    pixels = np.concatenate([joined(*block) for block in blocks])
    assert np.array_equal(pixels, joined(whole.colour, whole.alpha)) and pixels.dtype == whole.colour.dtype


@pytest.mark.parametrize(
    "form, options, streamed",
    [
        ("PNG", {}, True),
        ("JPEG", {}, True),
        ("TIFF", {}, True),
        ("TIFF", {"compression": "tiff_lzw"}, True),
        ("JPEG", {"progressive": True}, False),
        ("WEBP", {"lossless": True}, False),
        ("AVIF", {}, False),
        ("BMP", {}, False),
    ],
)
def test_what_streams_says_so(tmp_path, make, form, options, streamed):
    make().save(path := tmp_path / "a", format=form, **options)
    with open_strips(path) as found:
        assert found.streamed == streamed


def test_without_the_extra_8_bit_is_read_whole(tmp_path, make, monkeypatch):
    make().save(path := tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "pyvips", None)
    vips._set_up.cache_clear()
    with open_strips(path) as found:
        assert not found.streamed
        assert np.array_equal(np.concatenate([c for c, _ in found.read()]), np.asarray(make()))


@pytest.mark.parametrize("channels, dtype", TYPES)
@pytest.mark.parametrize("format", ["png", "tiff", "webp", "jpg", "bmp", "avif"])
def test_a_picture_written_in_strips_is_the_picture_written_whole(tmp_path, format, channels, dtype):
    whole = picture(channels, dtype)
    try:
        notes = write_picture(tmp_path / f"whole.{format}", whole)
    except PictureError as error:
        with pytest.raises(PictureError, match=str(error).partition(": ")[2]):
            write_in_strips(tmp_path / f"strips.{format}", whole, 4)
        assert not list(tmp_path.iterdir())
        return
    assert write_in_strips(tmp_path / f"strips.{format}", whole, 4) == notes
    one, other = read_picture(tmp_path / f"whole.{format}"), read_picture(tmp_path / f"strips.{format}")
    assert one.outline == other.outline
    assert np.array_equal(joined(one.colour, one.alpha), joined(other.colour, other.alpha))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("channels, dtype", TYPES)
def test_our_tiff_is_what_others_read(monkeypatch, channels, dtype, big):
    monkeypatch.setattr(tiff_write, "_STRIP", 500)
    monkeypatch.setattr(tiff_write, "_BIG", 0 if big else 1 << 32)
    whole = picture(channels, dtype)
    data = encode(whole, "tiff")
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert file.is_bigtiff == big and len(file.pages) == 1
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        assert np.array_equal(page.asarray().reshape(21, 34, -1), joined(whole.colour, whole.alpha))
        assert page.tags["ExifTag"].value["DateTimeOriginal"] == "2020:01:01 00:00:00"
        assert page.tags["ExifTag"].value["PixelXDimension"] == 34
        assert page.tags["GPSTag"].value["GPSLatitudeRef"] == "N"
        assert page.tags["Make"].value == "Maker" and page.tags["YResolution"].value == (145, 2)


@pytest.mark.parametrize("pixels", [RGB, RGBA, LA])
def test_our_png_is_what_others_read(pixels):
    alpha = pixels[..., -1] if pixels.shape[2] % 2 == 0 else None
    noise = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)
    for one in (pixels, noise, pixels // 2 + noise // 2):  # each filter is the best somewhere
        whole = Picture(one[..., : 3 if pixels.shape[2] > 2 else 1], None if alpha is None else one[..., -1])
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode(whole, "png")))), one)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_a_cut_file_ends_in_an_error_and_leaves_no_result(tmp_path, make, suffix):
    make(width=120, height=900).save(path := tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[:-900])
    with (
        pytest.raises(PictureError, match="damaged"),
        open_strips(path) as found,
        write_strips(tmp_path / "b.png", found.outline) as writer,
    ):
        for block in found.read():
            writer.add(*block)
    assert list(tmp_path.iterdir()) == [path]


def test_missing_rows_and_foreign_rows_leave_no_result(tmp_path):
    whole = picture(3, np.uint8)
    for format in ("png", "tiff", "webp"):
        target = tmp_path / f"a.{format}"
        with pytest.raises(ValueError, match="1 rows are missing"), write_strips(target, whole.outline) as writer:
            writer.add(whole.colour[:-1])
        for wrong in (whole.colour[:, 1:], whole.colour.astype(np.uint16), whole.colour[..., :1], whole.colour[:0]):
            with pytest.raises(ValueError, match="up to 21 rows"), write_strips(target, whole.outline) as writer:
                writer.add(wrong)
    assert not list(tmp_path.iterdir())


def test_an_existing_target_is_kept_unless_overwrite(tmp_path):
    whole = picture(3, np.uint8)
    (target := tmp_path / "a.png").write_bytes(b"precious")
    with pytest.raises(PictureError, match="--overwrite"):
        write_in_strips(target, whole, 9)
    assert target.read_bytes() == b"precious"


_COPY = """
import resource, sys
from harmonic.images.strips import open_strips, write_strips
source, target, most = sys.argv[1:]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open_strips(source, max_pixels=int(most)) as found, write_strips(target, found.outline) as writer:
    assert found.streamed and writer.streamed
    for block in found.read():
        writer.add(*block)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def copy_in_strips(source: Path, target: Path, most: int) -> int:
    """MB that a process of its own needs beside what it has after its start."""
    done = subprocess.run([sys.executable, "-c", _COPY, source, target, str(most)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def make_large(path: Path, side: int, form: str) -> None:
    """A grey picture whose rows and columns differ and that is small when packed."""
    place = pyvips.Image.xyz(side, side)
    packed = {"compression": 1} if path.suffix == ".png" else {"compression": "deflate", "predictor": "horizontal"}
    ((place[0] / 64 + place[1] / 128).cast("uint") & 255).cast(form).write_to_file(str(path), **packed)


@pytest.mark.long
@pytest.mark.parametrize("suffix, form", [(".png", "uchar"), (".tif", "ushort")])
def test_memory_does_not_grow_with_the_picture(tmp_path, suffix, form):
    used = []
    for side in (4_000, 20_000):
        make_large(source := tmp_path / f"{side}{suffix}", side, form)
        used.append(copy_in_strips(source, tmp_path / f"copy{suffix}", 512_000_000))
        (tmp_path / f"copy{suffix}").unlink()
    assert used[1] < used[0] + 100, "20,000 x 20,000 are 400 MB as bytes"
