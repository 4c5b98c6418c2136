"""Which files are trained on, and their pixels: 8 bit, three channels, opaque."""

import threading
import time

import numpy as np
import pytest

from harmonic.errors import PictureError, UsageError
from harmonic.train.data import read_training
from harmonic.train.pictures import (
    decode,
    in_order,
    in_short,
    read_listed_crops,
    read_rgb,
    training_files,
    validation_crops,
)
from spoiled import png16, save, scene, spoil


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "a.webp", "below/c.tif", "below/deeper/d.bmp"):
        save(tmp_path / name, scene(len(name)))
    return tmp_path


def names(files, folder):
    return [path.relative_to(folder).as_posix() for path in files]


def test_a_folder_is_taken_whole_and_sorted(folder):
    assert names(training_files(folder), folder) == ["a.webp", "b.png", "below/c.tif", "below/deeper/d.bmp"]


def test_train_txt_decides(folder):
    (folder / "train.txt").write_text("# two of them\nbelow/c.tif\n\nb.png  31 62\n")
    assert names(training_files(folder), folder) == ["below/c.tif", "b.png"]


def test_a_list_names_pictures_and_folders_each_once(folder):
    (folder / "list.txt").write_text("below\nb.png\nbelow/c.tif\n")
    assert names(training_files(folder / "list.txt"), folder) == ["below/c.tif", "below/deeper/d.bmp", "b.png"]


def test_names_with_blanks_can_be_listed(folder):
    save(folder / "on the beach.png", scene(1))
    (folder / "train.txt").write_text("on the beach.png\n")
    (folder / "val.txt").write_text("on the beach.png 1 2 30 20\n")
    assert names(training_files(folder), folder) == ["on the beach.png"]
    assert np.array_equal(read_listed_crops(folder)[0], scene(1)[2:22, 1:31])


@pytest.mark.parametrize("name, line", [("train.txt", "nowhere.png"), ("val.txt", "nowhere.png 0 0 8 8")])
def test_a_list_that_names_what_is_not_there_is_refused(folder, name, line):
    (folder / name).write_text(f"{line}\n")
    with pytest.raises(UsageError, match=rf"{name}: names nowhere\.png, which is not there"):
        training_files(folder)
        validation_crops(folder)


@pytest.mark.parametrize("line, words", [("a.webp 0 0 8", "expected `file"), ("a.webp 70 0 20 8", "beyond")])
def test_a_wrong_crop_is_refused(folder, line, words):
    (folder / "val.txt").write_text(line)
    with pytest.raises(UsageError, match=words):
        read_listed_crops(folder)


def test_a_list_of_bytes_is_refused_in_one_line(folder):
    (folder / "train.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"train\.txt: cannot be read as a list"):
        training_files(folder)


def test_grey_is_expanded_and_an_opaque_alpha_dropped(tmp_path):
    grey = read_rgb(save(tmp_path / "grey.png", scene(0)[..., 0]))
    assert np.array_equal(grey, np.repeat(scene(0)[..., :1], 3, 2))
    alpha = np.dstack([scene(0), np.full((64, 80), 255, np.uint8)])
    assert np.array_equal(read_rgb(save(tmp_path / "alpha.png", alpha)), scene(0))


def test_transparent_pixels_are_refused_at_any_depth(tmp_path):
    alpha = np.dstack([scene(0), np.full((64, 80), 254, np.uint8)])
    save(tmp_path / "a.png", alpha)
    (tmp_path / "b.png").write_bytes(png16(alpha.astype(np.uint16) * 257))
    for name in ("a.png", "b.png"):
        with pytest.raises(PictureError, match="transparent pixels"):
            read_rgb(tmp_path / name)


def test_deep_pictures_are_rounded_and_known(tmp_path):
    samples = np.random.default_rng(0).integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(png16(samples))
    got = decode(tmp_path / "a.png")
    assert got.deep and np.array_equal(got.pixels, np.floor(samples / 65535 * 255 + 0.5))
    assert not decode(save(tmp_path / "b.png", scene(0))).deep


def test_what_is_left_out_is_named_and_the_rest_in_order(folder):
    spoiled = spoil(folder)
    save(folder / "small.png", scene(0, 20, 20))
    pictures, left_out = read_training(folder, smallest=32)
    assert len(pictures) == 4
    assert np.array_equal(pictures[1], scene(len("b.png")))
    for name in [*spoiled, "small.png"]:
        assert sum(str(folder / name) in line for line in left_out) == 1, name
    assert len(left_out) == 11


def test_threads_keep_the_order_and_hold_few_results():
    made, taken, lock = 0, 0, threading.Lock()

    def work(number):
        nonlocal made
        time.sleep(0.001 * (number % 3))
        with lock:
            made += 1
            assert made - taken <= 5
        return number

    for got in in_order(work, range(40), workers=2):
        assert got == taken
        time.sleep(0.003)  # slower than the workers
        with lock:
            taken += 1


def test_an_error_ends_the_threads():
    def work(number):
        if number == 3:
            raise ValueError("three")
        return number

    with pytest.raises(ValueError, match="three"):
        list(in_order(work, range(1000), workers=2))


def test_many_messages_become_five_and_a_count():
    assert in_short(["a", "b"]) == "a | b"
    assert in_short(list("abcdefg")) == "a | b | c | d | e | and 2 more"
