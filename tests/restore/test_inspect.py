"""A diagnosis names the damage that was done, and a command that fits."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFilter

from harmonic.images.read import read_picture
from harmonic.restore.inspect import inspect_picture, recommended
from harmonic.restore.report import change, low_band_fidelity

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


@pytest.fixture(scope="module")
def photo():
    return Image.open(PHOTOS / "astronaut.clean.webp").convert("RGB")


def spoil(photo, damage, path):
    match damage:
        case "noise":
            noise = np.random.default_rng(0).normal(0, 20, (*photo.size[::-1], 3))
            Image.fromarray(np.clip(np.asarray(photo) + noise, 0, 255).astype(np.uint8)).save(path)
        case "blur":
            photo.filter(ImageFilter.GaussianBlur(2)).save(path)
        case "enlarged":
            photo.resize((2 * photo.width, 2 * photo.height), Image.Resampling.BICUBIC).save(path)
        case "jpeg":
            photo.save(path, "JPEG", quality=30)
        case _:
            photo.save(path)


@pytest.mark.parametrize(
    "damage, finding",
    [
        ("noise", ["noisy (σ about"]),
        ("blur", ["soft or blurred"]),
        ("enlarged", ["enlarged before (about 2 times)"]),
        ("jpeg", ["JPEG artefacts (quality 30)"]),
        ("nothing", []),
    ],
)
def test_the_damage_is_named(photo, tmp_path, damage, finding):
    spoil(photo, damage, path := tmp_path / ("a.jpg" if damage == "jpeg" else "a.png"))
    diagnosis = inspect_picture(path, ["restore-fast"])
    assert len(diagnosis.findings) == len(finding)
    assert all(found.startswith(part) for found, part in zip(diagnosis.findings, finding, strict=True))
    assert diagnosis.jpeg_quality == (30 if damage == "jpeg" else None)
    assert diagnosis.command.endswith("--scale 0.5" if damage == "enlarged" else "--model restore-fast")
    assert (diagnosis.depth, diagnosis.mode) == (8, "RGB")


def test_a_small_sound_picture_is_enlarged_where_there_is_a_model_for_it():
    assert recommended(300, 200, None, True, ["restore-fast", "sr4-fast", "sr2-fast"]) == ("sr2-fast", "")
    assert recommended(300, 200, None, False, ["restore-fast", "sr4-fast", "sr2-fast"]) == ("restore-fast", "")
    assert recommended(300, 200, None, False, ["restore-fast", "sr4-real"]) == ("restore-fast", "")
    assert recommended(300, 200, None, True, ["restore-fast"]) == ("restore-fast", "")
    assert recommended(300, 200, None, False, ["mine", "sr2-fast"]) == (None, "")
    assert recommended(3000, 200, 3.0, True, ["restore-fast", "sr2-fast"]) == ("restore-fast", " --scale 0.33")


def test_a_report_tells_before_from_after(photo, tmp_path):
    spoil(photo, "noise", tmp_path / "before.png")
    spoil(photo, "nothing", tmp_path / "after.png")
    before, after = (read_picture(tmp_path / name) for name in ("before.png", "after.png"))
    found = change(before, after)
    assert found.before.noise == pytest.approx(20, rel=0.2) and found.after.noise < 2.5
    assert 30 < found.fidelity < 100 and change(after, after).fidelity == 100


def test_fidelity_does_not_see_a_change_of_size_but_one_of_colour(photo):
    picture = np.asarray(photo, np.float32)
    larger = np.asarray(photo.resize((2 * photo.width, 2 * photo.height), Image.Resampling.BICUBIC), np.float32)
    assert low_band_fidelity(larger, picture) > 40
    assert low_band_fidelity(picture + 10, picture) == pytest.approx(20 * np.log10(255 / 10), abs=0.05)


def test_a_picture_above_pillows_own_limit_is_inspected(tmp_path, monkeypatch):
    Image.new("L", (40, 30), 128).save(tmp_path / "a.jpg", quality=30)
    inspect_picture(tmp_path / "a.jpg", [])  # what formats there are is tried once, on pictures of 64 pixels
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert inspect_picture(tmp_path / "a.jpg", []).jpeg_quality == 30


def test_the_name_of_a_profile_reaches_no_terminal_as_it_is(tmp_path):
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    start = profile.index("sRGB".encode("utf-16-be"))
    profile[start : start + 4] = "\x1b[".encode("utf-16-be")
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png", icc_profile=bytes(profile))
    name = inspect_picture(tmp_path / "a.png", []).profile
    assert name is not None and "\\x1b[" in name and name.isprintable()
