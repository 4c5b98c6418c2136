"""Training data from folders, lists and packed files alike; strictness; what is said."""

import numpy as np
import pytest

from harmonic.errors import UsageError
from harmonic.train.data import read_training, read_validation
from harmonic.train.packed import pack
from spoiled import png16, save, scene, spoil


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        save(tmp_path / "photos" / f"{number}.png", scene(number, 40 + 4 * number))
    (tmp_path / "photos" / "val.txt").write_text("2.png 3 4 20 10\n")
    return tmp_path / "photos"


def equal(first, second):
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_all_forms_give_the_same_pictures(folder, tmp_path):
    pack([folder], tmp_path / "photos.pack")
    (tmp_path / "list.txt").write_text("photos\n")
    expected = [scene(number, 40 + 4 * number) for number in range(6)]
    for data in (folder, str(folder), [folder], tmp_path / "list.txt", tmp_path / "photos.pack"):
        assert equal(read_training(data, 32)[0], expected)
        assert len(read_training(data, 50)[0]) == 3 and len(read_training(data, 50)[1]) == 3
    assert equal(read_validation(folder), [scene(2, 48)[4:14, 3:23]])
    assert equal(read_validation(tmp_path / "photos.pack"), read_validation([folder]))


def test_several_sources_are_joined(folder, tmp_path):
    save(tmp_path / "more" / "x.png", scene(50))
    pack([folder], tmp_path / "photos.pack")
    pictures, _ = read_training([tmp_path / "more", tmp_path / "photos.pack"], 32)
    assert len(pictures) == 7 and np.array_equal(pictures[0], scene(50))
    assert len(read_validation([tmp_path / "more", folder])) == 1


def test_bad_pictures_are_left_out_and_named_unless_strict(tmp_path):
    """Ten broken files of different kinds among a hundred."""
    for number in range(90):
        save(tmp_path / f"{number:02}.png", scene(number % 9))
    names = spoil(tmp_path)
    pictures, left_out = read_training(tmp_path, 32)
    assert equal(pictures, [scene(number % 9) for number in range(90)])
    assert len(left_out) == 10 and all(sum(name in line for line in left_out) == 1 for name in names)
    with pytest.raises(UsageError) as caught:
        read_training(tmp_path, 32, strict=True)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: 10 of 100 pictures cannot be used: ") and message.endswith("and 5 more")
    assert "\n" not in message and all(line in message for line in left_out[:5])


def test_strictness_holds_for_packed_files(folder, tmp_path):
    spoil(folder)
    pack([folder], tmp_path / "photos.pack")
    assert len(read_training(tmp_path / "photos.pack", 32)[1]) == 10
    with pytest.raises(UsageError, match="10 of 16"):
        read_training(tmp_path / "photos.pack", 32, strict=True)


def test_no_usable_picture_is_refused(folder):
    with pytest.raises(UsageError, match="6 of 6 pictures cannot be used"):
        read_training(folder, 1000)
    with pytest.raises(UsageError, match="no such file"):
        read_training(folder / "nowhere", 32)


def test_depth_is_said_once(folder):
    for name in ("deep1.png", "deep2.png"):
        (folder / name).write_bytes(png16(scene(0).astype(np.uint16) * 257))
    said = []
    pictures, left_out = read_training(folder, 32, say=said.append)
    assert len(pictures) == 8 and not left_out
    assert said == ["2 pictures of more than 8 bit per channel were rounded to 8 bit"]
