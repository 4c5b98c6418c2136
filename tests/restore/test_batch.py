"""A folder of files: failures cost one file each, finished work is not repeated, a kill at any place is recovered."""

import json
import os
import threading

import numpy as np
import pytest
from PIL import Image

from harmonic.errors import PictureError, ResourceError, UsageError
from harmonic.images.read import read_picture
from harmonic.restore import batch
from harmonic.restore.batch import Done, Failed, Skipped, restore_files
from harmonic.restore.file import Settings, open_file
from harmonic.restore.ledger import LEDGER_NAME, Ledger
from harmonic.restore.restorer import Restorer


@pytest.fixture(scope="module")
def restorer(tiny_weights):
    return Restorer(tiny_weights, device="cpu", precision="fp32")


@pytest.fixture
def pairs(tmp_path):
    (tmp_path / "in").mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (24, 20 + index, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{index}.png")
    (tmp_path / "in" / "1.png").write_text("no picture")
    return [(tmp_path / "in" / f"{index}.png", tmp_path / "out" / f"{index}.png") for index in range(3)]


def run(restorer, pairs, settings=Settings(), **options):
    with Ledger(pairs[0][1].parent) as ledger:
        return list(restore_files(restorer, pairs, settings, ledger=ledger, **options))


def kinds(outcomes):
    return [type(outcome) for outcome in outcomes]


def entries(folder):
    return [json.loads(line) for line in (folder / LEDGER_NAME).read_text().splitlines()]


def test_one_bad_file_costs_one_file(restorer, pairs):
    outcomes = run(restorer, pairs)
    assert kinds(outcomes) == [Done, Failed, Done]
    assert str(pairs[1][0]) in outcomes[1].reason and not pairs[1][1].exists()
    failed = [e for e in entries(pairs[0][1].parent) if e["state"] == "failed"]
    assert [(e["target"], e["reason"]) for e in failed] == [("1.png", outcomes[1].reason)]
    assert [e["tile"] for e in entries(pairs[0][1].parent) if e["state"] == "done"] == ["whole", "whole"]


def test_a_decoder_that_crashes_costs_one_file(restorer, pairs, crashing):
    pairs[1][0].write_bytes(pairs[0][0].read_bytes())
    crashing(pairs[1][0])
    outcomes = run(restorer, pairs)
    assert kinds(outcomes) == [Done, Failed, Done] and outcomes[1].stage == "read"
    assert str(pairs[1][0]) in outcomes[1].reason and "its decoder crashed" in outcomes[1].reason
    assert kinds(run(restorer, pairs)) == [Skipped, Failed, Skipped]


def test_a_second_run_does_only_what_is_missing(restorer, pairs):
    run(restorer, pairs)
    before = pairs[0][1].stat().st_mtime_ns
    pairs[2][1].unlink()
    assert kinds(run(restorer, pairs)) == [Skipped, Failed, Done]
    assert pairs[0][1].stat().st_mtime_ns == before


def test_a_changed_input_setting_or_result_is_not_taken_for_done(restorer, pairs):
    pairs = pairs[:1]
    run(restorer, pairs)
    changed = run(restorer, pairs, Settings(strength=0.5))
    assert kinds(changed) == [Failed] and "exists already" in changed[0].reason
    assert kinds(run(restorer, pairs)) == [Skipped]  # the failure did not forget the result
    assert kinds(run(restorer, pairs, Settings(strength=0.5, overwrite=True))) == [Done]
    pairs[0][1].write_bytes(b"edited by hand")
    assert kinds(run(restorer, pairs, Settings(strength=0.5))) == [Failed]
    assert pairs[0][1].read_bytes() == b"edited by hand"


def test_a_run_killed_after_the_rename_is_taken_up_again(restorer, pairs, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Ledger, "finish", die)
        run(restorer, pairs)
    assert pairs[0][1].exists()
    assert kinds(run(restorer, pairs)) == [Done, Failed, Done]


def test_torn_and_foreign_lines_are_passed_over(restorer, pairs):
    run(restorer, pairs)
    ledger = pairs[0][1].parent / LEDGER_NAME
    ledger.write_text(ledger.read_text() + '[1]\n{"a": 1}\n{"state": "done", "targ')
    assert kinds(run(restorer, pairs)) == [Skipped, Failed, Skipped]
    last = ledger.read_text().splitlines()[-1]
    assert json.loads(last)["state"] == "failed"


def test_progress_covers_the_batch_in_pixels(restorer, pairs):
    seen = []
    run(restorer, pairs, progress=lambda *p: seen.append(p))
    total = 24 * 20 + 24 * 22
    assert seen == sorted(seen) and seen[-1] == (total, total)


def test_batch_and_single_results_are_the_same_bytes(restorer, pairs, tmp_path):
    run(restorer, pairs)
    restorer.restore_file(pairs[2][0], tmp_path / "single.png")
    assert (tmp_path / "single.png").read_bytes() == pairs[2][1].read_bytes()


def test_a_file_in_the_place_of_the_output_folder_is_a_wrong_option(tmp_path):
    (tmp_path / "notes.txt").write_text("a file")
    for folder in (tmp_path / "notes.txt", tmp_path / "notes.txt" / "out"):
        with pytest.raises(UsageError, match="a file stands in its place"):
            Ledger(folder)


def test_a_folder_that_cannot_be_written_ends_the_run(tmp_path):
    (tmp_path / "out" / LEDGER_NAME).mkdir(parents=True)  # holds for root too, unlike permissions
    with pytest.raises(ResourceError, match="cannot be written"):
        Ledger(tmp_path / "out")


def test_one_is_read_while_another_is_restored_and_outcomes_stay_in_order(restorer, pairs, monkeypatch):
    told = []
    for name in ("open_file", "restore_opened", "write_restored"):
        inner = getattr(batch, name)

        def spied(*arguments, name=name, inner=inner):
            told.append((name, threading.current_thread().name.split("_")[0]))
            return inner(*arguments)

        monkeypatch.setattr(batch, name, spied)
    Image.new("RGB", (20, 20)).save(pairs[1][0])
    outcomes = run(restorer, pairs)
    assert [outcome.source for outcome in outcomes] == [source for source, _ in pairs]
    assert dict(told) == {
        "open_file": "read",
        "restore_opened": "MainThread",
        "write_restored": "write",
    }


def test_a_picture_that_is_too_much_for_memory_costs_itself(restorer, pairs, monkeypatch):
    whole = Restorer.run_picture

    def scarce(self, picture, dials, progress):
        if picture.colour.shape[1] == read_picture(pairs[0][0]).colour.shape[1]:
            raise MemoryError
        return whole(self, picture, dials, progress)

    monkeypatch.setattr(Restorer, "run_picture", scarce)
    first, *others = restore_files(restorer, pairs, Settings())
    assert isinstance(first, Failed) and "takes more memory than there is" in first.reason
    assert pairs[0][0].name in first.reason and any(isinstance(outcome, Done) for outcome in others)


def test_what_memory_cannot_hold_is_refused_before_it_is_read(restorer, pairs, monkeypatch):
    monkeypatch.setattr("harmonic.restore.file.free_memory", lambda device: 1000)
    monkeypatch.setattr("harmonic.restore.file.read_picture", None)
    with pytest.raises(PictureError, match=r"needs more than .* MB of memory, 0 MB are free"):
        open_file(restorer, *pairs[0], Settings())


def test_failures_name_their_stage(restorer, pairs, monkeypatch):
    (pairs[2][1].parent / pairs[2][1].name).mkdir(parents=True)  # a folder in the place of the result
    monkeypatch.setattr(batch, "refuse_existing", lambda *_: None)
    outcomes = run(restorer, pairs, Settings(overwrite=True))
    assert [outcome.stage for outcome in outcomes if isinstance(outcome, Failed)] == ["read", "write"]


@pytest.mark.parametrize("end", [ResourceError("disk: full"), KeyboardInterrupt()], ids=lambda end: type(end).__name__)
def test_what_is_finished_is_told_before_the_run_ends(restorer, pairs, monkeypatch, end):
    inner = batch.restore_opened

    def ending(restorer, opened, *rest):
        if opened.source == pairs[2][0]:
            raise end
        return inner(restorer, opened, *rest)

    monkeypatch.setattr(batch, "restore_opened", ending)
    Image.new("RGB", (20, 20)).save(pairs[1][0])
    told = []
    with Ledger(pairs[0][1].parent) as ledger, pytest.raises(type(end)):
        told += (outcome.target for outcome in restore_files(restorer, pairs, Settings(), ledger=ledger))
    assert told == [pairs[0][1], pairs[1][1]] == sorted(pairs[0][1].parent.glob("*.png"))


def test_a_result_that_waits_to_be_written_holds_no_input(restorer, pairs, monkeypatch):
    inner, held = batch.write_restored, []
    monkeypatch.setattr(batch, "write_restored", lambda given: held.append(given.opened.picture) or inner(given))
    run(restorer, pairs)
    assert held == [None, None]


def test_a_result_that_is_moved_away_at_once_is_told_and_the_rest_goes_on(restorer, pairs, monkeypatch):
    write = batch.write_restored

    def moved(restored):
        report = write(restored)
        if restored.opened.target.name == "0.png":
            restored.opened.target.unlink()
        return report

    monkeypatch.setattr(batch, "write_restored", moved)
    outcomes = run(restorer, pairs)
    assert kinds(outcomes) == [Failed, Failed, Done] and "not there any more" in outcomes[0].reason
    monkeypatch.undo()
    assert kinds(run(restorer, pairs)) == [Done, Failed, Skipped]


def test_another_mask_is_another_result(restorer, pairs):
    masks = [np.full((24, 20), value, np.uint8) for value in (0, 255)]
    for mask in masks:
        assert kinds(run(restorer, pairs[:1], Settings(mask=mask, overwrite=True))) == [Done]
    assert kinds(run(restorer, pairs[:1], Settings(mask=masks[1].copy()))) == [Skipped]


def test_a_folder_that_may_not_be_written_to_costs_its_own_files(restorer, pairs, monkeypatch):
    source, target = pairs[0]
    (locked := target.parent / "locked").mkdir(parents=True)
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: locked != path and may(path, mode))
    outcomes = run(restorer, [(pairs[0][0], target), (source, locked / "0.png"), pairs[2]])
    assert kinds(outcomes) == [Done, Failed, Done]
    assert "its folder may not be written to" in outcomes[1].reason
