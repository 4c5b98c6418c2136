"""`harmonic data`: the report, the manifest, packing, exit codes, errors in one line."""

import hashlib
import json

import pytest

from harmonic.train.packed import open_packed
from spoiled import save, scene, spoil


@pytest.fixture
def folder(tmp_path):
    for number in range(5):
        save(tmp_path / "photos" / f"{number}.png", scene(number))
    return tmp_path / "photos"


def test_clean_pictures_are_exit_code_0(harmonic, folder):
    answer = harmonic("data", "check", folder)
    assert answer.code == 0 and answer.err == ""
    assert [line.split() for line in answer.out.splitlines()[-3:]] == [
        ["checked", "5"], ["megapixels", "0.0"], ["good", "5"]
    ]  # fmt: skip


def test_bad_ones_are_named_counted_and_exit_code_1(harmonic, folder):
    names = spoil(folder)
    answer = harmonic("data", "check", folder)
    assert answer.code == 1 and all(f"unusable: {folder / name}: " in answer.out for name in names)
    assert answer.out.splitlines()[-1].split() == ["unusable", "10"]


def test_hints_leave_the_exit_code_at_0(harmonic, folder):
    save(folder / "copy.jpg", scene(2), quality=85)
    answer = harmonic("data", "check", folder)
    assert answer.code == 0 and answer.out.startswith("near duplicate: ")
    assert answer.out.splitlines()[-1].split() == ["near", "duplicate", "(hint)", "1"]


def test_the_manifest_has_every_file_with_its_sha256(harmonic, folder, tmp_path):
    (folder / "broken.png").write_bytes(b"no picture")
    answer = harmonic("data", "check", folder, "--json", "-o", tmp_path / "m.jsonl")
    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.code == 1 and (tmp_path / "m.jsonl").read_text() == answer.out
    assert [row["file"] for row in rows] == [str(path) for path in sorted(folder.iterdir())]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())]
    assert [row["sha256"] for row in rows] == digests
    assert rows[-1]["bad"] and rows[-1]["findings"][0]["kind"] == "unusable" and rows[-1]["height"] is None
    assert not rows[0]["bad"] and (rows[0]["height"], rows[0]["width"]) == (64, 80)


def test_validation_pictures_and_those_of_against_are_leaks(harmonic, folder, tmp_path):
    (folder / "val.txt").write_text("1.png 0 0 8 8\n")
    save(tmp_path / "test" / "t.webp", scene(3), lossless=True)
    answer = harmonic("data", "check", folder, "--against", tmp_path / "test")
    assert answer.code == 1
    assert [line.split(": ")[1] for line in answer.out.splitlines() if line.startswith("leak:")] == [
        str(folder / "1.png"), str(folder / "3.png")
    ]  # fmt: skip


def test_pairs_are_checked_with_inputs(harmonic, folder, tmp_path):
    for number in range(4):
        save(tmp_path / "small" / f"{number}.png", scene(number)[::2, ::2])
    answer = harmonic("data", "check", folder, "--inputs", tmp_path / "small", "--scale", 2)
    assert answer.code == 1 and f"pair: {folder / '4.png'}: has no input of its name" in answer.out
    (tmp_path / "pairs.txt").write_text("0.png 0.png\n")
    wrong = harmonic("data", "check", folder, "--inputs", tmp_path / "small", "--pairs", tmp_path / "pairs.txt")
    assert wrong.code == 1 and "pair: 0.png: target is 80x64, but x1 of the input 40x32 is 40x32" in wrong.out


def test_files_that_may_be_meant_are_told(harmonic, folder):
    for name in ("a.heic", "b.HEIC", "notes.txt", ".hidden"):
        (folder / name).write_bytes(b"x")
    answer = harmonic("data", "check", folder)
    assert answer.code == 0 and answer.err.startswith("2 files passed over") and "2 .heic" in answer.err
    assert harmonic("data", "check", folder, "-q").err == ""


def test_pack_writes_what_training_takes(harmonic, folder, tmp_path):
    target = tmp_path / "photos.pack"
    answer = harmonic("data", "pack", folder, "-o", target)
    assert (answer.code, answer.out) == (0, f"{target}\n") and answer.err.startswith("5 of 5 pictures packed")
    assert len(open_packed(target).pictures) == 5
    again = harmonic("data", "pack", folder, "-o", target)
    assert again.code == 2 and "--overwrite" in again.err and again.err.count("\n") == 1
    (folder / "broken.png").write_bytes(b"no picture")
    partial = harmonic("data", "pack", folder, "-o", target, "--overwrite", "-q")
    assert partial.code == 1 and partial.err.startswith("error: ") and "broken.png" in partial.err
    assert len(open_packed(target).pictures) == 5


@pytest.mark.parametrize("command", [["check"], ["pack", "-o", "never.pack"]])
@pytest.mark.parametrize(
    "what, words",
    [
        ("nowhere", "there is no such file or folder"),
        ("empty", "no pictures in this folder"),
        ("wrong.txt", "names nowhere.png, which is not there"),
    ],
)
def test_wrong_folders_are_wrong_usage_in_one_line(harmonic, tmp_path, command, what, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong.txt").write_text("nowhere.png\n")
    answer = harmonic("data", *command, tmp_path / what)
    assert answer.code == 2 and answer.out == "" and answer.err.count("\n") == 1
    assert answer.err.startswith(f"error: {tmp_path / what}: ") and words in answer.err


@pytest.mark.parametrize(
    "options, words",
    [
        (["--pairs", "m.txt"], "--inputs"),
        (["--inputs", "nowhere"], "there is no such file or folder"),
        (["--against", "nowhere"], "there is no such file or folder"),
        (["--smallest", "0"], "--smallest"),
    ],
)
def test_wrong_options_are_one_line(harmonic, folder, options, words):
    answer = harmonic("data", "check", folder, *options)
    assert answer.code == 2 and answer.out == "" and answer.err.count("\n") == 1 and words in answer.err


def test_inputs_go_with_one_folder(harmonic, folder):
    answer = harmonic("data", "check", folder, folder, "--inputs", folder)
    assert answer.code == 2 and "one FOLDER" in answer.err
