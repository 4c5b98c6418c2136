"""A comparison holds all that it shows, exactly, and nothing of it can become code."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from harmonic.errors import PictureError
from harmonic.images.picture import Metadata, Picture
from harmonic.images.read import read_picture
from harmonic.restore.compare import compare_page, side_by_side, write_comparison


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    small, large = (rng.integers(0, 256, (side, 2 * side, 3), np.uint8) for side in (20, 40))
    return {"before": Picture(small, metadata=Metadata(xmp=b"secret")), "</script><b>": Picture(large)}


def test_a_page_holds_its_pictures_bit_for_bit_and_needs_no_network(pictures):
    page = compare_page("<i>title", pictures)
    assert "<i>title" not in page and page.count("</script>") == 1 and "secret" not in page
    assert not re.search(r"""(src|href)\s*=\s*["']|https?:|url\(|import|fetch""", page)
    items = json.loads(re.search(r"^const pictures = (.*);$", page, re.MULTILINE)[1])  # type: ignore[index]
    assert [item["name"] for item in items] == list(pictures)
    for item, picture in zip(items, pictures.values(), strict=True):
        data = base64.b64decode(item["data"].removeprefix("data:image/png;base64,"))
        with Image.open(io.BytesIO(data)) as image:
            assert np.array_equal(np.asarray(image), picture.colour)
        assert (item["height"], item["width"]) == picture.colour.shape[:2]


def test_side_by_side_all_are_as_large_as_the_largest(pictures):
    sheet = side_by_side(pictures)
    assert sheet is not None
    sheet = sheet.colour
    assert sheet.shape == (40 + 24, 2 * 80 + 8, 3)
    assert np.array_equal(sheet[24:, 88:], pictures["</script><b>"].colour)


def test_pictures_too_wide_for_a_row_have_a_page_alone(tmp_path):
    wide = {name: Picture(np.zeros((1, 9000, 1), np.uint8)) for name in "ab"}
    assert side_by_side(wide) is None
    assert write_comparison(tmp_path / "a", "title", wide, False) == [tmp_path / "a.html"]


def test_floats_are_shown_at_16_bit(tmp_path):
    values = np.array([[[-0.5, 0.0, 0.25]], [[0.5, 1.0, 1.5]]], np.float32)
    page = compare_page("floats", dict.fromkeys("ab", Picture(values)))
    items = json.loads(re.search(r"^const pictures = (.*);$", page, re.MULTILINE)[1])  # type: ignore[index]
    (tmp_path / "a.png").write_bytes(base64.b64decode(items[0]["data"].removeprefix("data:image/png;base64,")))
    assert read_picture(tmp_path / "a.png").colour.ravel().tolist() == [0, 0, 16384, 32768, 65535, 65535]


def test_files_that_exist_stay(pictures, tmp_path):
    page, sheet = write_comparison(tmp_path / "a.b", "title", pictures, False)
    assert (page.name, sheet.name) == ("a.b.html", "a.b.compare.png")
    page.write_text("precious")
    with pytest.raises(PictureError, match=r"a\.b\.html: exists already"):
        write_comparison(tmp_path / "a.b", "title", pictures, False)
    assert page.read_text() == "precious"
