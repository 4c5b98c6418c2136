"""Pairs: matched by name or manifest, every bad one named with its reason, shifts told."""

from fractions import Fraction

import numpy as np
import pytest

from harmonic.errors import UsageError
from harmonic.ops.resize import imresize
from harmonic.train.pairs import read_pairs
from harmonic.train.recipe import Model
from harmonic.train.source import Source, read_source
from spoiled import save, scene
from toys import recipe

HALF = Fraction(1, 2)


def pairs_of(folders, scale, manifest=None, **options):
    inputs, targets = folders
    return read_pairs(inputs, targets, scale, manifest, **options)


@pytest.fixture
def folders(tmp_path):
    """Targets of 128 x 160, and inputs of half the size in another format."""
    for number in range(8):
        target = scene(number, 128, 160)
        save(tmp_path / "hr" / "set" / f"{number}.png", target)
        save(tmp_path / "lr" / "set" / f"{number}.webp", imresize(target, HALF), lossless=True)
    return tmp_path / "lr", tmp_path / "hr"


def test_names_match_whatever_the_ending(folders):
    got = pairs_of(folders, 2)
    assert [pair.name for pair in got.pairs] == [f"set/{n}" for n in range(8)] and not got.bad and not got.shifted
    for number, pair in enumerate(got.pairs):
        assert np.array_equal(pair.gt, scene(number, 128, 160)) and np.array_equal(pair.lq, imresize(pair.gt, HALF))
        assert pair.shift is not None and np.hypot(*pair.shift) < 0.06


def test_inputs_may_bear_the_scale_in_their_names(folders):
    for path in folders[0].rglob("*.webp"):
        path.rename(path.with_stem(f"{path.stem}x2"))
    assert len(pairs_of(folders, 2).pairs) == 8


@pytest.mark.parametrize("between", ["\t", ",", " ", " , "])
def test_a_manifest_decides(folders, tmp_path, between):
    (tmp_path / "m.txt").write_text(f"# input, target\nset/3.webp{between}set/3.png\nset/1.webp{between}set/1.png\n")
    got = pairs_of(folders, 2, tmp_path / "m.txt")
    assert [pair.name for pair in got.pairs] == ["set/3.webp", "set/1.webp"]
    assert np.array_equal(got.pairs[0].gt, scene(3, 128, 160))


@pytest.mark.parametrize("line", ["set/3.webp", "a,b,c"])
def test_a_manifest_of_other_than_two_columns_is_refused(folders, tmp_path, line):
    (tmp_path / "m.txt").write_text(line)
    with pytest.raises(UsageError, match="expected `input target`"):
        pairs_of(folders, 2, tmp_path / "m.txt")


@pytest.fixture
def spoiled(folders):
    inputs, targets = (folder / "set" for folder in folders)
    (inputs / "0.webp").unlink()
    (targets / "1.png").unlink()
    (inputs / "2.webp").write_bytes(b"no picture")
    (targets / "3.png").write_bytes((targets / "3.png").read_bytes()[:500])
    save(inputs / "4.webp", scene(4, 64, 79))
    save(inputs / "5.png", scene(5, 64, 80))
    return folders


REASONS = ["0.png: has no input", "1.webp: has no target", "2.webp: holds a text", "3.png: is damaged",
           "4: target is 160x128, but x2 of the input 79x64 is 158x128", "bears the same name"]  # fmt: skip


def test_every_bad_pair_is_named_with_its_reason(spoiled):
    got = pairs_of(spoiled, 2)
    assert [pair.name for pair in got.pairs] == ["set/5", "set/6", "set/7"]
    assert len(got.bad) == len(REASONS)
    for reason in REASONS:
        assert sum(reason in line for line in got.bad) == 1, reason


def test_strictness_names_the_set_five_and_the_number(spoiled):
    with pytest.raises(UsageError) as caught:
        pairs_of(spoiled, 2, strict=True)
    message = str(caught.value)
    assert message.startswith(f"pairs of {spoiled[0]} and {spoiled[1]}: 6 of 9 are bad: ")
    assert message.endswith("and 1 more") and message.count(" | ") == 5 and "\n" not in message


def test_no_good_pair_is_refused(folders):
    with pytest.raises(UsageError, match="8 of 8 are bad: set/0: target is 160x128, but x3 of the input 80x64"):
        pairs_of(folders, 3)
    with pytest.raises(UsageError, match="smaller than a crop of 129"):
        pairs_of(folders, 2, smallest=129)
    with pytest.raises(UsageError, match="no such file or folder"):
        read_pairs(folders[0] / "nowhere", folders[1], 2)


def test_a_manifest_that_names_missing_files_lists_them(folders, tmp_path):
    (tmp_path / "m.txt").write_text("set/1.webp set/1.png\nset/1.webp set/99.png\n")
    got = pairs_of(folders, 2, tmp_path / "m.txt")
    assert len(got.pairs) == 1 and len(got.bad) == 1 and "99.png is not there" in got.bad[0]


def test_a_shifted_pair_is_told(folders):
    target = scene(6, 129, 161)
    save(folders[0] / "set" / "6.webp", imresize(target[1:, 1:], HALF), lossless=True)
    save(folders[1] / "set" / "6.png", target[:-1, :-1])
    got = pairs_of(folders, 2)
    assert len(got.pairs) == 8 and len(got.shifted) == 1
    assert got.shifted[0].startswith("set/6: the input lies -0.") and "align" in got.shifted[0]
    assert got.pairs[6].shift == pytest.approx((-0.5, -0.5), abs=0.06)


def test_a_network_with_context_looks_at_the_inputs_as_it_will_when_it_restores(tmp_path):
    for number in range(8):
        target = scene(number, 128, 160)
        save(tmp_path / "hr" / f"{number}.png", target)
        save(tmp_path / "lr" / f"{number}.png", target // 4)
    config = recipe(model=Model(preset="base"))
    stream, _ = read_source(Source([tmp_path / "hr"], tmp_path / "lr"), config, lambda _: None)
    assert stream.thumbnails is not None and stream.inputs is not None
    for thumbnail, given in zip(stream.thumbnails, stream.inputs, strict=True):
        assert abs(thumbnail.mean() - given.mean() / 255) < 0.01
