"""Inputs are found, outputs are named: both without opening a picture."""

import os
import signal
from pathlib import Path

import pytest
from PIL import Image

from harmonic.errors import PictureError, UsageError
from harmonic.images.folder import list_pictures, output_path, pair_outputs
from harmonic.restore.ledger import result_key


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ["b.JPG", "a.png", "sub/c.webp", "sub/deep/d.tiff", "notes.txt", ".hidden.png", ".cache/e.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_stands_for_its_pictures_sorted(folder):
    found = [path.relative_to(folder).as_posix() for path in list_pictures(folder)]
    assert found == ["a.png", "b.JPG", "sub/c.webp", "sub/deep/d.tiff"]


def test_a_file_stands_for_itself_whatever_its_name(folder):
    assert list_pictures(folder / "notes.txt") == [folder / "notes.txt"]


def test_results_of_an_earlier_run_are_no_inputs(folder):
    for name in ("a-restored.png", "b-restored.jpg", "old-restored.png"):
        (folder / name).touch()
    names = [path.name for path in list_pictures(folder)]
    assert "old-restored.png" in names, "its original is not here: it may be one"
    assert "a-restored.png" not in names and "b-restored.jpg" not in names


def test_a_folder_without_pictures_and_a_missing_path_are_refused(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(PictureError, match=r"no pictures in this folder; .*png"):
        list_pictures(tmp_path)
    with pytest.raises(PictureError, match="no such file or folder; "):
        list_pictures(tmp_path / "none")


@pytest.mark.parametrize(
    "source, format, expected",
    [
        ("photo.jpg", "auto", "photo-restored.jpg"),
        ("photo.JPEG", "auto", "photo-restored.JPEG"),
        ("photo.tif", "auto", "photo-restored.tif"),
        ("photo.gif", "auto", "photo-restored.png"),
        ("photo.ppm", "auto", "photo-restored.png"),
        ("photo.jpg", "png", "photo-restored.png"),
        ("photo.jpg", "jpg", "photo-restored.jpg"),
        ("photo", "auto", "photo-restored.png"),
        ("photo.v2.jpg", "avif", "photo.v2-restored.avif"),
    ],
)
def test_without_output_the_result_stands_beside(tmp_path, source, format, expected):
    assert output_path(tmp_path / source, None, None, format) == tmp_path / expected
    assert output_path(tmp_path / source, tmp_path, None, format) == tmp_path / expected


def test_auto_follows_content_not_name(tmp_path, make):
    make().save(path := tmp_path / "photo.png", format="JPEG")
    assert output_path(path, None, None, "auto") == tmp_path / "photo-restored.jpg"


def test_folder_output_keeps_sub_folders_and_names(folder):
    out = folder / "out"
    assert output_path(folder / "sub/deep/d.tiff", folder, out, "auto") == out / "sub/deep/d.tiff"
    assert output_path(folder / "b.JPG", folder, out, "auto") == out / "b.JPG"
    assert output_path(folder / "b.JPG", folder, out, "webp") == out / "b.webp"
    assert output_path(folder / "b.JPG", None, out, "auto") == out / "b.JPG"


def test_single_file_output_is_that_file(folder):
    assert output_path(folder / "a.png", None, folder / "x.png", "auto") == folder / "x.png"
    assert output_path(folder / "a.png", None, folder / "x.jpg", "auto") == folder / "x.jpg"
    (folder / "dir.png").mkdir()
    assert output_path(folder / "a.png", None, folder / "dir.png", "auto") == folder / "dir.png" / "a.png"


def test_contradicting_and_unknown_formats_are_refused(folder):
    with pytest.raises(UsageError, match="name says png, --format says jpg"):
        output_path(folder / "a.png", None, folder / "x.png", "jpg")
    with pytest.raises(UsageError, match="cannot be written; use one of png"):
        output_path(folder / "a.png", None, folder / "x.gif", "auto")
    with pytest.raises(UsageError, match=r"'raw': .* use one of png"):
        output_path(folder / "a.png", None, None, "raw")


def test_two_inputs_with_one_stem_have_two_outputs(tmp_path):
    names = ["a.jpg", "a.png", "a.GIF"]
    for name in names:
        (tmp_path / name).touch()
    for format in ("auto", "png", "jpg", "webp"):
        for output in (None, tmp_path / "out"):
            pairs = pair_outputs({tmp_path: None}, output, format)
            assert len({target for _, target in pairs}) == 3
    assert output_path(tmp_path / "a.GIF", tmp_path, tmp_path / "out", "auto") == tmp_path / "out" / "a-gif.png"
    assert output_path(tmp_path / "a.png", tmp_path, tmp_path / "out", "auto") == tmp_path / "out" / "a.png"


def test_pairs_cover_files_and_folders_once(folder):
    pairs = pair_outputs(dict.fromkeys([folder / "sub", folder / "a.png", folder / "sub/c.webp"]), folder / "out")
    expected = {"c.webp": "out/c.webp", "d.tiff": "out/deep/d.tiff", "a.png": "out/a.png"}
    assert {s.name: t.relative_to(folder).as_posix() for s, t in pairs} == expected


def test_two_sources_for_one_target_are_refused_before_anything_is_written(folder):
    (folder / "sub/a.png").touch()
    with pytest.raises(UsageError, match="both would become"):
        pair_outputs(dict.fromkeys([folder / "a.png", folder / "sub/a.png"]), folder / "out")
    with pytest.raises(UsageError, match="both would become"):
        pair_outputs(dict.fromkeys([folder / "a.png", folder / "b.JPG"]), folder / "x.png")


def test_a_result_with_the_ending_in_its_name_is_no_input_either(tmp_path):
    for name in ("a.png", "a.gif"):
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    for _, target in pair_outputs({tmp_path: None}, None):
        Image.new("RGB", (2, 2)).save(target)
    assert [path.name for path in list_pictures(tmp_path)] == ["a.gif", "a.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_with_the_name_of_a_picture_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    signal.alarm(10)  # ends the test where it would hang
    try:
        assert [source.name for source, _ in pair_outputs({tmp_path: None}, None)] == ["a.png"]
        assert result_key(tmp_path / "a.png", "", {}, "") is None
    finally:
        signal.alarm(0)
