"""The reader: every mode it promises, by content and by every door, and every refusal in one line of ours."""

import io
import os
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from harmonic.errors import PictureError
from harmonic.images.formats import by_suffix
from harmonic.images.read import read_picture
from harmonic.images.write import write_picture


def refusal(source: Path | Image.Image, **options) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(source, **options)
    message = str(caught.value)
    assert message.isprintable(), "one line"
    assert ";" in message, "says what to do"
    return message


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".ppm"])
def test_lossless_rgb_comes_back_exactly(tmp_path, make, suffix):
    make().save(path := tmp_path / f"a{suffix}")
    picture = read_picture(path)
    assert np.array_equal(picture.colour, np.asarray(make()))
    assert picture.alpha is None and (picture.notes == () or suffix == ".ppm")


@pytest.mark.parametrize("suffix, name", [(".jpg", "JPEG"), (".webp", "WEBP"), (".avif", "AVIF")])
def test_lossy_formats_are_read_and_named(tmp_path, make, suffix, name):
    make().save(path := tmp_path / f"a{suffix}", quality=90)
    picture = read_picture(path)
    assert picture.format == name and picture.colour.shape == (21, 34, 3) and picture.colour.dtype == np.uint8
    assert np.abs(picture.colour.astype(int) - np.asarray(make())).mean() < 12


@pytest.mark.parametrize("mode, channels, has_alpha", [("L", 1, False), ("LA", 1, True), ("RGBA", 3, True)])
def test_grey_and_alpha_keep_their_channels(tmp_path, make, mode, channels, has_alpha):
    (image := make(mode)).save(path := tmp_path / "a.png")
    picture = read_picture(path)
    samples = np.asarray(image).reshape(21, 34, -1)
    assert np.array_equal(picture.colour, samples[..., :channels])
    assert (picture.alpha is not None) == has_alpha
    assert picture.alpha is None or np.array_equal(picture.alpha, samples[..., -1])


def test_a_file_may_be_one_pixel(tmp_path, make):
    make(width=1, height=1).save(path := tmp_path / "a.png")
    assert read_picture(path).colour.shape == (1, 1, 3)


def test_every_door_gives_the_same_picture(tmp_path, make):
    (image := make("RGBA")).save(path := tmp_path / "a.png")
    with Image.open(path) as opened:
        pictures = [read_picture(path), read_picture(str(path)), read_picture(image), read_picture(opened)]
    for picture in pictures[1:]:
        assert np.array_equal(picture.colour, pictures[0].colour)
        assert np.array_equal(picture.alpha, pictures[0].alpha)


def test_a_pil_image_is_not_changed(make):
    image = make("P")
    image.info["transparency"] = 3
    before, info = image.tobytes(), dict(image.info)
    read_picture(image)
    assert (image.mode, image.tobytes(), image.info) == ("P", before, info)


def test_content_decides_the_format_and_says_so(tmp_path, make):
    make().save(path := tmp_path / "photo.png", format="JPEG")
    picture = read_picture(path)
    assert picture.format == "JPEG" and "JPEG" in picture.notes[0]


@pytest.mark.parametrize("bits, values", [(2, 4), (4, 16)])
def test_the_transparent_grey_of_a_shallow_png_is_the_one_meant(tmp_path, bits, values):
    grey = np.arange(values, dtype=np.uint8)[None].repeat(2, 0)
    Image.fromarray(grey).save(path := tmp_path / "a.png", bits=bits, transparency=values - 1)
    picture = read_picture(path)
    assert picture.colour[0, :, 0].tolist() == [255 * v // (values - 1) for v in range(values)]
    assert picture.alpha is not None and picture.alpha[0].tolist() == [255] * (values - 1) + [0]


def test_a_gamma_is_kept_in_png_and_said_elsewhere(tmp_path, make):
    chunk = PngInfo()
    chunk.add(b"gAMA", (100_000).to_bytes(4, "big"))
    make().save(path := tmp_path / "a.png", pnginfo=chunk)
    picture = read_picture(path)
    assert write_picture(tmp_path / "b.png", picture) == () == picture.notes
    assert read_picture(tmp_path / "b.png").metadata == picture.metadata
    assert "gAMA" in write_picture(tmp_path / "b.tif", picture)[0]
    with Image.open(path) as opened:
        assert "gamma 1 " in read_picture(opened).notes[0]


# -- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "empty"),
        (b"Dear reader,\nthis is a text.\n", "a text"),
        (b"BMW and other cars are no bitmaps, and this is a text too.", "a text"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b'<?xml version="1.0"?><svg/>', "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (bytes(range(256)), "known format"),
    ],
)
def test_what_is_no_picture_is_refused_by_what_it_is(tmp_path, content, said):
    (path := tmp_path / "a.png").write_bytes(content)
    assert said in refusal(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif", ".bmp", ".gif", ".ppm"])
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_a_cut_file_is_never_restored_as_whole(tmp_path, make, suffix, kept):
    make(width=120, height=90).save(path := tmp_path / f"a{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    assert "damaged" in refusal(path)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_progressive_jpeg_is_read_whole_and_refused_cut(tmp_path, make):
    make(width=120, height=90).save(path := tmp_path / "a.jpg", progressive=True)
    assert read_picture(path).colour.shape == (90, 120, 3)
    path.write_bytes(path.read_bytes()[:-600])
    assert "damaged" in refusal(path)


def test_folders_missing_files_and_pipes_are_refused_at_once(tmp_path):
    (tmp_path / "d.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert "folder" in refusal(tmp_path / "d.png")
    assert "no such file" in refusal(tmp_path / "none.png")
    assert "regular file" in refusal(tmp_path / "pipe.png")
    assert "cannot be read" in refusal(tmp_path / "loop.png")
    refusal(tmp_path / "nul\0.png")


def test_a_name_with_line_breaks_stays_one_line(tmp_path):
    (path := tmp_path / "a\nb\x1b[31m.png").write_bytes(b"")
    assert r"a\nb" in refusal(path)


def test_float_pfm_is_refused_by_name(tmp_path):
    Image.new("F", (3, 2)).save(path := tmp_path / "a.pfm", format="PPM")
    assert "float" in refusal(path)


def test_huge_pictures_are_refused_from_the_header(tmp_path, make):
    make(width=100, height=100).save(path := tmp_path / "a.png")
    header_liar = path.read_bytes().replace((100).to_bytes(4, "big"), (60_000).to_bytes(4, "big"))
    liar = tmp_path / "liar.png"
    liar.write_bytes(header_liar[:29] + png_crc(header_liar[12:29]) + header_liar[33:])
    assert "3,600.0 megapixels" in refusal(liar)
    assert "limit" in refusal(path, max_pixels=9_999)
    assert read_picture(path, max_pixels=10_000).colour.shape == (100, 100, 3)


def png_crc(chunk: bytes) -> bytes:
    return zlib.crc32(chunk).to_bytes(4, "big")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".ppm", ".avif"])
def test_our_limit_alone_decides_and_pillows_stays_untouched(tmp_path, make, monkeypatch, suffix):
    make(width=100, height=100).save(path := tmp_path / f"a{suffix}")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_picture(path).colour.shape == (100, 100, 3)
    assert Image.MAX_IMAGE_PIXELS == 1_000


def test_a_png_that_unpacks_to_megabytes_of_text_is_refused(tmp_path, make):
    text = PngInfo()
    text.add_text("bomb", "x" * 80_000_000, zip=True)
    make().save(path := tmp_path / "a.png", pnginfo=text)
    assert "damaged" in refusal(path)


# -- nothing foreign leaves -----------------------------------------------------------------------------------------

_FILES = {
    "rgb.png": ("RGB", {}),
    "palette.png": ("P", {"transparency": 2}),
    "exif.jpg": ("RGB", {"exif": Image.Exif()}),
    "progressive.jpg": ("L", {"progressive": True}),
    "lossy.webp": ("RGB", {}),
    "lossless.webp": ("RGBA", {"lossless": True}),
    "deflate.tif": ("RGB", {"compression": "tiff_adobe_deflate"}),
    "raw.tif": ("LA", {}),
    "a.avif": ("RGB", {"speed": 10}),
    "a.bmp": ("P", {}),
    "a.gif": ("P", {}),
    "a.ppm": ("RGB", {}),
}


@pytest.mark.parametrize("name", _FILES)
@pytest.mark.filterwarnings("ignore")
def test_mutants_raise_nothing_but_picture_errors(tmp_path, make, name):
    mode, options = _FILES[name]
    if "exif" in options:
        options["exif"][0x010E] = "described"
        options["exif"][0x8769] = {0x9003: "2020:01:01 00:00:00"}
    suffix_format = by_suffix(Path(name))
    assert suffix_format is not None
    buffer = io.BytesIO()
    make(mode).save(buffer, format=suffix_format.name, **options)
    whole = buffer.getvalue()
    path, rng, refused = tmp_path / name, np.random.default_rng(7), 0
    for mutant in range(60):
        data = bytearray(whole)
        if mutant % 3 == 0:  # one to four flipped bytes anywhere
            for place in rng.integers(0, len(data), rng.integers(1, 5)):
                data[place] ^= int(rng.integers(1, 256))
        elif mutant % 3 == 1:  # cut
            del data[int(rng.integers(1, len(data))) :]
        else:  # noise in the header
            for place in rng.integers(0, min(len(data), 200), 6):
                data[place] = int(rng.integers(0, 256))
        path.write_bytes(data)
        try:
            read_picture(path, max_pixels=4_000_000)
        except PictureError as error:
            refused += 1
            assert str(error).isprintable() and len(str(error)) < 500
    assert refused > 0
