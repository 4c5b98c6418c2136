"""Many files from one command line: what they are, what will be done, and what is done again."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harmonic.images.read import read_picture


@pytest.fixture
def restore(harmonic, weights):
    return lambda *arguments: harmonic("restore", "--model", weights, *arguments)


@pytest.fixture
def folder(tmp_path):
    """Two pictures, one of them below, and one file that is no picture."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for index, name in enumerate(("a.png", "sub/b.png")):
        pixels = np.random.default_rng(index).integers(0, 256, (20, 30 + index, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / name)
    (tmp_path / "in" / "bad.png").write_text("no picture")
    return tmp_path / "in"


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_a_pattern_stands_for_the_files_it_fits(restore, folder, tmp_path):
    assert restore(folder / "**" / "[ab].png", "-o", tmp_path / "out", "-q").code == 0
    assert names(tmp_path / "out") == ["a.png", "sub/b.png"]
    answer = restore(folder / "*.jpg", "-o", tmp_path / "out", "-q")
    assert answer.code == 1 and "*.jpg: there is no such file" in answer.err


def test_equal_names_below_a_pattern_keep_their_folders(restore, folder, tmp_path):
    (folder / "sub" / "a.png").write_bytes((folder / "a.png").read_bytes())
    assert restore(folder / "**" / "a.png", "-o", tmp_path / "out", "-q").code == 0
    assert names(tmp_path / "out") == ["a.png", "sub/a.png"]
    assert restore(folder / "s*b" / "b.png", "-o", tmp_path / "b.png", "-q").code == 0
    assert (tmp_path / "b.png").is_file()


def test_results_that_a_pattern_fits_are_no_pictures_to_restore(restore, folder):
    assert restore(folder / "a.p*", "-q").code == 0
    answer = restore(folder / "a*.png", "--overwrite")
    assert answer.code == 0 and "left out 1 of the names given" in answer.err
    assert names(folder) == ["a-restored.png", "a.png", "bad.png", "sub/b.png"]
    alone = restore(folder / "a-restored.png", "-o", folder / "again.png", "-q")
    assert alone.code == 0 and (folder / "again.png").exists()


def test_a_file_with_the_signs_of_a_pattern_in_its_name_is_that_file(restore, folder, tmp_path):
    (folder / "a.png").rename(folder / "a[1].png")
    assert restore(folder / "a[1].png", "-o", tmp_path / "out.png", "-q").code == 0


def test_names_come_from_stdin(restore, folder, tmp_path, monkeypatch):
    odd = os.fsdecode(b"\xff\xe2\x80\xa8.png")  # no text, and a sign at which Python would end a line
    (folder / "a.png").rename(folder / odd)
    lines = f"{folder / odd}\r\n\n{folder / 'sub'}\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(os.fsencode(lines)), "utf-8", "strict"))
    assert restore("-", "-o", tmp_path / "out", "-q").code == 0
    assert names(tmp_path / "out") == ["b.png", odd]


def test_a_disk_too_small_for_all_results_is_told_before_any_is_made(restore, folder, tmp_path, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=2_500)  # half of both results takes 1,830 bytes, 1.2 of one 2,232
    monkeypatch.setattr("shutil.disk_usage", lambda folder: full._replace(free=1_800))
    answer = restore(folder, "-o", tmp_path / "out", "-q")
    assert answer.code == 4 and "results need about" in answer.err and not names(tmp_path / "out")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: full)
    assert restore(folder / "a.png", folder / "sub", "-o", tmp_path / "out", "-q").code == 0


def test_a_list_without_names_is_wrong_usage(restore, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    answer = restore("-", "-q")
    assert answer.code == 2 and "stdin names no pictures" in answer.err


def test_a_dry_run_tells_and_writes_nothing(restore, folder, tmp_path):
    restore(folder / "a.png", "-o", tmp_path / "out" / "a.png", "-q")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    answer = restore(folder, "-o", tmp_path / "out", "--dry-run", "--json", "-q")
    told = {Path(line["source"]).name: line for line in map(json.loads, answer.out.splitlines())}
    assert {name: line["status"] for name, line in told.items()} == {
        "a.png": "exists",
        "bad.png": "unreadable",
        "b.png": "restore",
    }
    assert told["b.png"]["size"] == [31, 20] and told["b.png"]["seconds"] > 0 == told["a.png"]["seconds"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_dry_run_foretells_what_the_run_does(restore, folder, tmp_path):
    restore(folder, "-o", tmp_path / "out", "-q")
    answer = restore(folder, "-o", tmp_path / "out", "--dry-run")
    assert answer.code == 0 and answer.out.count("done before") == 2 and "2 done before" in answer.err


def test_a_dry_run_looks_at_the_page_and_the_limit(restore, tmp_path):
    pages = [Image.new("RGB", (side, 30)) for side in (50, 40)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])

    def foretold(*options):
        told = json.loads(restore(tmp_path / "a.tif", "--dry-run", "--json", *options).out.splitlines()[0])
        return told["status"], told["size"]

    assert foretold("--page", "2") == ("restore", [40, 30])
    assert foretold()[0] == foretold("--page", "2", "--max-pixels", "0.001")[0] == "unreadable"


def test_retry_takes_only_what_failed(restore, folder, tmp_path):
    restore(folder, "-o", tmp_path / "out", "-q")
    (tmp_path / "out" / "a.png").unlink()  # no failure, so not its business
    Image.new("RGB", (9, 9)).save(folder / "bad.png")
    answer = restore(folder, "-o", tmp_path / "out", "--retry", "-q")
    assert answer.code == 0 and answer.out == f"{tmp_path / 'out' / 'bad.png'}\n"
    assert restore(folder, "-o", tmp_path / "out", "--retry", "-q") == (0, "", "")


def test_retry_without_an_earlier_run_is_wrong_usage(restore, folder, tmp_path):
    answer = restore(folder, "-o", tmp_path / "out", "--retry")
    assert answer.code == 2 and "--retry: there is no ledger" in answer.err


def test_what_goes_not_together_with_ray_is_wrong_usage(restore, folder, tmp_path, monkeypatch):
    for words in (["--workers", "2"], ["--address", "auto"], ["--engine", "ray", "--watch"]):
        assert restore(folder, "-o", tmp_path / "out", *words).code == 2
    monkeypatch.setitem(sys.modules, "ray", None)
    answer = restore(folder, "-o", tmp_path / "out", "--engine", "ray", "-q")
    assert (answer.code, answer.err) == (
        2,
        "error: --engine ray: needs the extra `ray`; run pip install 'harmonic-ir[ray]'\n",
    )


def test_the_summary_counts_failures_by_stage(restore, folder, tmp_path):
    answer = restore(folder, tmp_path / "none.png", "-o", tmp_path / "out")
    assert answer.code == 1
    assert answer.err.splitlines()[-1] == "2 restored, 0 done before, 2 failed (2 in reading)"


def test_pictures_above_the_limit_are_refused(restore, folder, tmp_path):
    answer = restore(folder / "a.png", "-o", tmp_path / "out.png", "--max-pixels", "0.0001", "-q")
    assert answer.code == 1 and "over the limit" in answer.err


def test_a_page_is_taken_when_it_is_named(restore, tmp_path):
    pages = [Image.new("RGB", (9, 9), color) for color in ("black", "white")]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert restore(tmp_path / "a.tif", "-o", tmp_path / "b.png", "-q").code == 1
    assert restore(tmp_path / "a.tif", "-o", tmp_path / "b.png", "-q", "--page", "2", "--strength", "0").code == 0
    assert (read_picture(tmp_path / "b.png").colour == 255).all()


@pytest.mark.long
def test_of_300_files_of_all_formats_12_are_broken_and_288_come_out(restore, tmp_path):
    """Users S1."""
    (tmp_path / "in").mkdir()
    endings = ("png", "jpg", "webp", "tif", "bmp", "avif")
    broken = range(7, 300, 25)
    for index in range(300):
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16 + index % 5, 3), np.uint8)
        path = tmp_path / "in" / f"{index:03}.{endings[index % 6]}"
        Image.fromarray(pixels).save(path)
        if index in broken:
            path.write_bytes([b"", b"no picture", path.read_bytes()[:40]][index % 3])
    first = restore(tmp_path / "in", "-o", tmp_path / "out")
    assert first.code == 1 and "288 restored, 0 done before, 12 failed (12 in reading)" in first.err
    results = [path for path in (tmp_path / "out").iterdir() if path.suffix != ".jsonl"]
    assert len(results) == 288 and not [path for path in results if path.name.startswith(".")]
    entries = [json.loads(line) for line in (tmp_path / "out" / "harmonic-ledger.jsonl").read_text().splitlines()]
    reasons = {entry["target"]: entry["reason"] for entry in entries if entry["state"] == "failed"}
    assert sorted(reasons) == [f"{index:03}.{endings[index % 6]}" for index in broken] and all(reasons.values())
    again = restore(tmp_path / "in", "-o", tmp_path / "out", "-q", "--json")
    statuses = [json.loads(line)["status"] for line in again.out.splitlines()]
    assert (statuses.count("skipped"), statuses.count("failed")) == (288, 12)


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="kills processes")
def test_a_thousand_files_killed_three_times_are_each_done_once(weights, tmp_path):
    """Users S1 and S2, R2.4, R2.5: 50 of 1,000 are bad."""
    (tmp_path / "in").mkdir()
    for index in range(1000):
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{index:04}.png")
    for index in range(0, 1000, 20):
        path = tmp_path / "in" / f"{index:04}.png"
        path.write_bytes(path.read_bytes()[: 60 + index // 10])
    command = [sys.executable, "-m", "harmonic", "restore", tmp_path / "in", "--model", weights, "-o"]
    for part in (0.2, 0.5, 0.8):
        process = subprocess.Popen([*command, tmp_path / "out"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(list((tmp_path / "out").glob("*.png"))) < 950 * part and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = subprocess.run([*command, tmp_path / "out"], capture_output=True, text=True)
    assert last.returncode == 1 and last.stderr.count("error: ") == 50
    subprocess.run([*command, tmp_path / "unbroken"], capture_output=True)
    results = sorted((tmp_path / "out").glob("*.png"))
    assert len(results) == 950 and not list((tmp_path / "out").glob(".*"))
    assert all(path.read_bytes() == (tmp_path / "unbroken" / path.name).read_bytes() for path in results)
    entries = [json.loads(line) for line in (tmp_path / "out" / "harmonic-ledger.jsonl").read_text().splitlines()]
    done = [entry["target"] for entry in entries if entry["state"] == "done"]
    assert len(done) == len(set(done)) == 950
    before = os.times()
    again = subprocess.run([*command, tmp_path / "out"], capture_output=True, text=True)
    assert again.returncode == 1 and "0 restored, 950 done before, 50 failed" in again.stderr
    after = os.times()
    # R2.4 in seconds of the processor, which other work on a test machine does not change.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 5
