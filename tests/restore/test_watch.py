"""A file is taken once it has stopped growing, and again when it has changed."""

from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from harmonic.errors import PictureError
from harmonic.restore.watch import ripe_pictures, states

A, B = Path("a.png"), Path("b.png")


def test_only_what_was_the_same_at_two_looks_is_ripe_and_only_once():
    still = {A: (2, 1), B: (5, 1)}
    looks = iter([{A: (1, 0)}, still, still, still, {A: (3, 2), B: (5, 1)}, {A: (3, 2)}])
    assert list(islice(ripe_pictures(lambda: next(looks), lambda: None), 2)) == [[A, B], [A]]


def test_an_empty_folder_is_waited_for_and_a_missing_one_is_not(tmp_path):
    assert states(tmp_path) == {}
    Image.new("L", (3, 3)).save(tmp_path / "a.png")
    assert list(states(tmp_path)) == [tmp_path / "a.png"]
    with pytest.raises(PictureError, match="there is no such file or folder"):
        states(tmp_path / "none")


def test_a_folder_below_that_cannot_be_listed_is_told(tmp_path, monkeypatch):
    (tmp_path / "below").mkdir()

    def walk(path, onerror):
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "below")))
        return iter(())

    monkeypatch.setattr("harmonic.images.folder.os.walk", walk)
    with pytest.raises(PictureError, match="below: cannot be listed"):
        states(tmp_path)
