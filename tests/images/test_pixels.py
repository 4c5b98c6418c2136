"""Modes become two arrays; stored pixels become the picture as seen."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from harmonic.errors import PictureError
from harmonic.images import pixels
from harmonic.images.pixels import eight_bit, split, upright
from harmonic.images.read import read_picture


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_turns_as_pillow_does(make, orientation):
    image = make()
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(upright(np.asarray(image), orientation), expected)
    assert np.array_equal(upright(np.asarray(image)[..., 0], orientation), expected[..., 0])


def test_all_values_of_16_bit_round_half_up():
    every = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(eight_bit(every), np.floor(every.astype(np.float64) / 65535 * 255 + 0.5))


def test_palette_is_expanded_and_said(make):
    colour, alpha, notes = split(make("P"), "a")
    assert np.array_equal(colour, np.asarray(make("P").convert("RGB")))
    assert alpha is None and notes == ("palette expanded to RGB",)


@pytest.mark.parametrize("transparency", [1, bytes([0, 128, 255])], ids=["index", "byte list"])
def test_transparent_palette_entries_become_alpha(tmp_path, transparency):
    image = Image.fromarray(np.array([[0, 1, 2, 1]], np.uint8)).convert("P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(path := tmp_path / "a.png", transparency=transparency)
    picture = read_picture(path)
    assert picture.colour.tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 255, 0]]]
    expected = [255, 0, 255, 0] if transparency == 1 else [0, 128, 255, 128]
    assert picture.alpha is not None and picture.alpha[0].tolist() == expected
    assert picture.notes == ("palette expanded to RGBA",)


@pytest.mark.parametrize("mode, key", [("RGB", (0, 0, 0)), ("L", 0), ("1", 0)])
def test_a_transparent_colour_becomes_alpha(tmp_path, mode, key):
    samples = np.zeros((1, 2, 3), np.uint8)
    samples[0, 1] = 255
    Image.fromarray(samples).convert(mode).save(path := tmp_path / "a.png", transparency=key)
    picture = read_picture(path)
    assert picture.alpha is not None and picture.alpha.tolist() == [[0, 255]]
    assert picture.colour.shape[2] == (3 if mode == "RGB" else 1) and picture.notes


def test_black_and_white_is_grey(make):
    colour, alpha, notes = split(make("L").convert("1"), "a")
    assert colour.shape == (21, 34, 1) and set(np.unique(colour)) == {0, 255}
    assert alpha is None and "grey" in notes[0]


def test_colours_under_full_transparency_survive(make):
    image = make("RGBA")
    image.putalpha(0)
    colour, alpha, _ = split(image, "a")
    assert np.array_equal(colour, np.asarray(make("RGBA"))[..., :3])
    assert alpha is not None and not alpha.any()


def test_arrays_own_their_memory(make):
    for mode in ("RGB", "L", "RGBA"):
        colour, alpha, _ = split(make(mode), "a")
        assert colour.flags.writeable and colour.flags.c_contiguous
        assert alpha is None or (alpha.flags.writeable and alpha.flags.c_contiguous)


def test_cmyk_without_a_profile_is_refused(tmp_path, make):
    make("CMYK").save(path := tmp_path / "a.jpg")
    with pytest.raises(PictureError, match="CMYK colours without a profile"):
        read_picture(path)


def test_cmyk_with_a_useless_profile_is_refused(tmp_path, make, as_profile_for, srgb):
    for profile in (b"garbage", srgb, as_profile_for("CMYK")):
        make("CMYK").save(path := tmp_path / "a.jpg", icc_profile=profile)
        with pytest.raises(PictureError, match="profile cannot be used"):
            read_picture(path)


def test_cmyk_goes_through_its_profile_and_loses_it(tmp_path, make, monkeypatch):
    """No CMYK profile can be made with Pillow, so lcms is replaced; that the file's profile reaches it is the point."""
    seen = []

    def through_profile(image, source, target, **options):
        seen.append((image.mode, source, options["outputMode"]))
        return Image.new("RGB", image.size, (1, 2, 3))

    monkeypatch.setattr(pixels.ImageCms, "profileToProfile", through_profile)
    monkeypatch.setattr(pixels.ImageCms, "ImageCmsProfile", lambda stream: stream.read())
    make("CMYK").save(path := tmp_path / "a.jpg", icc_profile=b"cmyk profile")
    picture = read_picture(path)
    assert seen == [("CMYK", b"cmyk profile", "RGB")]
    assert picture.colour[0, 0].tolist() == [1, 2, 3]
    assert picture.metadata.icc is None and "sRGB" in picture.notes[0]


def test_other_colour_modes_are_refused_by_name():
    for mode in ("LAB", "HSV"):
        with pytest.raises(PictureError, match=mode):
            split(Image.new(mode, (2, 2)), "a")
