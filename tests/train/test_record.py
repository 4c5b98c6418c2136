"""What a run leaves for people: each row once, whatever happened on the way, and figures that can be believed."""

import pytest
from PIL import Image

from harmonic.errors import ResourceError
from harmonic.train.record import Record
from harmonic.train.state import Progress
from harmonic.train.validate import cases
from toys import pictures, recipe, rows, train


def test_rows_beyond_the_state_are_taken_out_of_the_log(tmp_path):
    train(recipe(), tmp_path, until=4)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 5, "loss": 1.0}\n{"step": 6, "lo')  # written after the state, before the kill
    train(recipe(), tmp_path)
    assert [row["step"] for row in rows(tmp_path)] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_the_time_left_is_plausible_from_the_first_row_on(tmp_path):
    train(recipe(), tmp_path, until=4)
    train(recipe(), tmp_path)
    left = [row["left"] for row in rows(tmp_path)]
    assert all(0 < seconds < 300 for seconds in left[:-1]) and left[-1] == 0
    train(recipe(10**6), tmp_path / "limited", max_minutes=0.02)
    assert all(0 <= row["left"] <= 1.2 for row in rows(tmp_path / "limited"))


def test_a_finished_run_that_is_called_again_is_left_as_it_is(tmp_path):
    """Also when it was killed after its last validation, before its last state."""
    good = cases(pictures(2, 64), 1)
    first = train(recipe(save_every=3, validate_every=3), tmp_path, cases=good).read_bytes()
    log = [(row["step"], "mean" in row) for row in rows(tmp_path)]
    assert log[-2:] == [(8, False), (8, True)]
    assert train(recipe(save_every=3, validate_every=3), tmp_path, cases=good).read_bytes() == first
    assert [(row["step"], "mean" in row) for row in rows(tmp_path)] == log
    (tmp_path / "state-00000008.safetensors").unlink()
    assert train(recipe(save_every=3, validate_every=3), tmp_path, cases=good).read_bytes() == first
    assert [(row["step"], "mean" in row) for row in rows(tmp_path)] == log


def test_a_validation_that_no_state_knows_is_not_in_the_log_twice(tmp_path):
    """Killed between the last validation and the last state, where a state of the same step was there already."""
    good = cases(pictures(2, 64), 1)
    train(recipe(validate_every=8, save_every=4), tmp_path, until=4)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 4, "seconds": 1.0, "mean": 1.0}\n')
    train(recipe(validate_every=8, save_every=4), tmp_path, cases=good)
    assert [row["step"] for row in rows(tmp_path) if "mean" in row] == [8]


def test_a_run_leaves_pictures_and_curves_to_look_at(tmp_path):
    train(recipe(), tmp_path, cases=cases(pictures(2, 64), 1))
    with Image.open(tmp_path / "pictures" / "step-00000008.png") as sheet:
        assert sheet.size == (3 * 64, 2 * 64)
    pytest.importorskip("matplotlib")
    train(recipe(2), tmp_path / "blind")
    assert (tmp_path / "blind" / "curves.png").exists()  # also without validation
    with Image.open(tmp_path / "curves.png") as curves:
        assert curves.width > 500


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    """A full disk looks the same."""
    with Record(tmp_path, Progress(), None) as record:
        (tmp_path / "log.jsonl").mkdir()
        with pytest.raises(ResourceError, match=r"log\.jsonl: cannot be written"):
            record.row({"step": 1})
