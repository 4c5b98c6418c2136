"""Names and first bytes of the formats."""

import io
from pathlib import Path

import pytest
from PIL import Image

from harmonic.errors import UsageError
from harmonic.images.formats import FORMATS, SNIFFED_BYTES, by_name, by_suffix, foreign_kind, sniff, writable_like


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_what_pillow_writes_is_recognised(form):
    image = Image.new("RGB", (3, 2)) if form.name != "GIF" else Image.new("P", (3, 2))
    image.save(buffer := io.BytesIO(), format=form.name)
    assert sniff(buffer.getvalue()[:SNIFFED_BYTES]) is form


def test_big_tiff_is_a_tiff():
    Image.new("RGB", (3, 2)).save(buffer := io.BytesIO(), format="TIFF", big_tiff=True)
    form = sniff(buffer.getvalue())
    assert form is not None and form.name == "TIFF"


def test_texts_and_foreign_formats_are_none_of_ours():
    for head in (b"", b"hello", b"BMW is a car maker, not a bitmap", b"II is a number", b"%PDF-1.4", b"\0\0\1\0"):
        assert sniff(head) is None
    assert foreign_kind(b"hello") == "a text" and foreign_kind(b"\x01\x02") is None


def test_options_names_and_endings_find_their_format():
    for name, expected in [("jpg", "JPEG"), ("JPEG", "JPEG"), (".jpeg", "JPEG"), ("tiff", "TIFF"), (".tif", "TIFF")]:
        assert by_name(name).name == expected
    assert by_suffix(Path("a.TIF")) is by_name("tiff") and by_suffix(Path("a.txt")) is by_suffix(Path("a")) is None


def test_formats_that_are_only_read_are_not_written():
    for name in ("gif", "PPM", "heic", ""):
        with pytest.raises(UsageError, match="use one of png, jpg, webp, tiff, avif, bmp"):
            by_name(name)
    assert {writable_like(form).name for form in FORMATS} == {"PNG", "JPEG", "WEBP", "TIFF", "AVIF", "BMP"}
