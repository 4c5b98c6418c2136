"""The check before training: every kind of trouble is found, and clean pictures have none."""

import io

import numpy as np
import pytest
from PIL import Image

from harmonic.train.alike import NEAR, alike, fingerprint
from harmonic.train.check import BLOCKS, block_jump, check_pairs, check_pictures
from harmonic.train.pictures import training_files
from spoiled import png16, save, scene, spoil


def kinds(records):
    """{file name: kinds of its findings} of those that have some."""
    return {r.path.name: [f.kind for f in r.findings] for r in records if r.findings}


def jpeg(pixels, quality):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


@pytest.fixture
def folder(tmp_path):
    for number in range(12):
        save(tmp_path / f"{number:02}.png", scene(number, 96, 128))
    return tmp_path


def test_clean_pictures_have_no_findings(folder):
    records = check_pictures(training_files(folder), smallest=96)
    assert not kinds(records) and len({r.sha256 for r in records}) == 12
    assert [r.path for r in records] == training_files(folder) and records[0].width == 128


def test_ten_broken_files_among_a_hundred_are_listed(tmp_path):
    for number in range(90):
        save(tmp_path / f"{number:02}.png", scene(number, 40, 40))
    names = spoil(tmp_path)
    records = check_pictures(training_files(tmp_path))
    bad = [r for r in records if r.bad]
    assert len(records) == 100 and sorted(r.path.name for r in bad) == sorted(names)
    for record in bad:
        assert [f.kind for f in record.findings] == ["unusable"] and str(record.path) in record.findings[0].message


def test_other_troubles_are_told_apart(folder):
    save(folder / "again.webp", scene(3, 96, 128), lossless=True)
    save(folder / "blank.png", np.full((96, 96, 3), 77, np.uint8))
    save(folder / "coarse.png", jpeg(scene(20, 96, 128), 8))
    (folder / "deep.png").write_bytes(png16(scene(21, 96, 96).astype(np.uint16) * 257))
    half = Image.fromarray(scene(5, 96, 128)).resize((64, 48), Image.Resampling.BICUBIC)
    half.save(folder / "half.jpg", quality=85)
    save(folder / "small.png", scene(22, 30, 30))
    found = kinds(check_pictures(training_files(folder), smallest=48))
    assert found == {"again.webp": ["duplicate"], "blank.png": ["blank"], "coarse.png": ["JPEG blocks"],
                     "deep.png": ["deep"], "half.jpg": ["near duplicate"], "small.png": ["unusable"]}  # fmt: skip


def test_a_file_named_twice_is_a_duplicate(folder):
    files = training_files(folder)
    assert kinds(check_pictures([*files, files[2]])) == {"02.png": ["duplicate"]}


def test_pictures_that_are_held_out_leak(folder, tmp_path):
    held_out = [save(tmp_path / "test" / "x.webp", scene(4, 96, 128), lossless=True), folder / "07.png"]
    smaller = Image.fromarray(scene(9, 96, 128)).resize((96, 72), Image.Resampling.BICUBIC)
    held_out.append(save(tmp_path / "test" / "y.png", np.asarray(smaller)))
    files = [path for path in training_files(folder) if path.parent == folder]
    records = check_pictures(files, held_out)
    assert kinds(records) == {"04.png": ["leak"], "07.png": ["leak"], "09.png": ["near leak"]}
    assert [r.path.name for r in records if r.bad] == ["04.png", "07.png"]
    assert str(held_out[0]) in next(r for r in records if r.path.name == "04.png").findings[0].message


def test_pairs_are_records_too(tmp_path):
    for number in range(3):
        save(tmp_path / "hr" / f"{number}.png", scene(number, 96, 96))
        save(tmp_path / "lr" / f"{number}.png", scene(number, 96, 96))
    save(tmp_path / "lr" / "1.png", np.roll(scene(1, 96, 96), 1, axis=0))
    save(tmp_path / "lr" / "2.png", scene(2, 96, 95))
    save(tmp_path / "lr" / "3.png", scene(3))
    records = check_pairs(tmp_path / "lr", tmp_path / "hr", 1)
    assert kinds(records) == {"1.png": ["shifted"], "2.png": ["pair"], "3.png": ["pair"]}
    assert [r.bad for r in records if r.path.name == "1.png"] == [False]


def test_blocks_are_seen_in_strong_compression_only():
    scenes = [scene(seed, 128, 128) for seed in range(8)]
    assert all(block_jump(s) < BLOCKS for s in scenes)
    assert all(block_jump(jpeg(s, 95)) < BLOCKS for s in scenes)
    assert sum(block_jump(jpeg(s, 5)) > BLOCKS for s in scenes) >= 6
    assert block_jump(scenes[0][:8, :8]) == 1


def test_fingerprints_survive_coding_and_tell_scenes_apart():
    scenes = [scene(seed, 96, 128) for seed in range(30)]
    prints = [fingerprint(s) for s in scenes]
    copies = [fingerprint(jpeg(s, 50)) for s in scenes]
    assert list(alike(prints, copies)) == [(i, i) for i in range(30)]
    assert not list(alike([], prints))


def test_likeness_is_a_number_of_signs_however_many_are_compared(monkeypatch):
    monkeypatch.setattr("harmonic.train.alike._ROWS", 3)
    rng = np.random.default_rng(0)
    first = list(rng.random((8, 143)) > 0.5)
    second = [bits.copy() for bits in first]
    for number, bits in enumerate(second):
        bits[: NEAR + number % 2] ^= True
    assert list(alike(first, second)) == [(0, 0), (2, 2), (4, 4), (6, 6)]
