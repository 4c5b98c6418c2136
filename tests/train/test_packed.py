"""Packed files: the same pixels, mapped; refused when damaged, cut or older than their pictures; never half written."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from harmonic.errors import PictureError, ResourceError, UsageError
from harmonic.train import packed
from harmonic.train.packed import MAGIC, is_packed, open_packed, pack
from spoiled import save, scene, spoil


@pytest.fixture
def folder(tmp_path):
    for number in range(4):
        save(tmp_path / "photos" / f"{number}.png", scene(number, 20 + number, 30))
    (tmp_path / "photos" / "val.txt").write_text("1.png 0 1 8 6\n3.png 2 2 5 5\n")
    return tmp_path / "photos"


@pytest.fixture
def target(folder, tmp_path):
    assert pack([folder], tmp_path / "p" / "photos.pack") == (4, [])
    return tmp_path / "p" / "photos.pack"


def refusal(path):
    with pytest.raises(UsageError) as caught:
        open_packed(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    return str(caught.value)


def test_pictures_come_back_mapped_and_read_only(target):
    got = open_packed(target)
    assert is_packed(target) and [Path(name).name for name in got.names] == [f"{n}.png" for n in range(4)]
    for number, picture in enumerate(open_packed(target).pictures):
        assert np.array_equal(picture, scene(number, 20 + number, 30)) and picture.dtype == np.uint8
        assert not picture.flags.writeable and not picture.flags.owndata
    assert np.array_equal(got.crops[0], scene(1, 21, 30)[1:7, 0:8]) and got.crops[1].shape == (5, 5, 3)


def test_packing_twice_gives_the_same_bytes(folder, target, tmp_path):
    pack([folder], tmp_path / "again.pack")
    assert (tmp_path / "again.pack").read_bytes() == target.read_bytes()


def test_any_cut_is_refused(target):
    whole = target.read_bytes()
    for length in [*range(1, len(whole), 997), *range(len(whole) - 40, len(whole))]:
        target.write_bytes(whole[:length])
        refusal(target)
    target.write_bytes(b"")
    assert "cannot be read as a packed file" in refusal(target)
    target.write_bytes(b"some other file\n" * 9)
    assert not is_packed(target) and "is no packed file" in refusal(target)
    target.write_bytes(whole.replace(b"PACK-1", b"PACK-9"))
    assert "another version" in refusal(target)


def test_any_flipped_byte_is_refused(target):
    whole = target.read_bytes()
    for place in [*range(0, len(whole), 499), *range(len(whole) - 60, len(whole))]:
        target.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        refusal(target)
    target.write_bytes(whole[:100] + b"?" + whole[101:])
    assert "damaged at" in refusal(target) and "data pack" in refusal(target)


def test_changed_new_and_missing_pictures_make_it_old(folder, target):
    whole = (folder / "2.png").read_bytes()
    save(folder / "2.png", scene(77, 22, 30))
    assert "older than its pictures" in (line := refusal(target)) and "2.png" in line and "--overwrite" in line
    (folder / "2.png").write_bytes(whole)
    assert len(open_packed(target).pictures) == 4, "written anew with the same bytes"
    save(folder / "new.png", scene(5))
    assert "new.png" in refusal(target)
    (folder / "new.png").unlink()
    (folder / "0.png").unlink()
    assert "0.png" in refusal(target)


def test_other_validation_crops_make_it_old(folder, target):
    (folder / "val.txt").write_text("1.png 0 1 8 7\n")
    assert "val.txt is not as it was" in refusal(target)


def test_without_its_pictures_it_serves_by_itself(folder, target):
    shutil.rmtree(folder)
    assert len(open_packed(target).pictures) == 4


def test_bad_pictures_are_left_out_and_stay_known(folder, tmp_path):
    names = spoil(folder)
    count, left_out = pack([folder], tmp_path / "a.pack")
    assert count == 4 and len(left_out) == 10 and all(any(name in line for line in left_out) for name in names)
    assert open_packed(tmp_path / "a.pack").left_out == left_out


def test_an_existing_file_is_kept_unless_asked(folder, target):
    before = target.read_bytes()
    with pytest.raises(UsageError, match="exists already; add --overwrite"):
        pack([folder], target)
    with pytest.raises(UsageError, match="exists already; name another file"):
        pack([folder], folder, overwrite=True)
    save(folder / "new.png", scene(5))
    assert pack([folder], target, overwrite=True)[0] == 5
    assert target.read_bytes() != before and len(open_packed(target).pictures) == 5


def test_a_failure_leaves_the_old_file_and_nothing_else(folder, target, monkeypatch):
    before = target.read_bytes()
    written = packed._written

    def fail(file, pixels, entry):
        if entry.name.endswith("2.png"):
            raise OSError(28, "No space left on device")
        return written(file, pixels, entry)

    monkeypatch.setattr(packed, "_written", fail)
    with pytest.raises(ResourceError, match="No space left"):
        pack([folder], target, overwrite=True)
    assert target.read_bytes() == before and [path.name for path in target.parent.iterdir()] == [target.name]


def test_nothing_to_pack_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(UsageError, match="none of 1 pictures can be packed"):
        pack([tmp_path], tmp_path / "a.pack")
    with pytest.raises(PictureError, match="no such file or folder"):
        pack([tmp_path / "nowhere"], tmp_path / "a.pack")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"] and MAGIC.endswith(b"\n")
