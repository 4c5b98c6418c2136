"""harmonic degrade: copies, records, the sheet, and one line for every trouble."""

import json

import numpy as np
import pytest
from PIL import Image

from harmonic.degrade.copies import degraded_copy
from harmonic.degrade.kinds import CHAIN
from harmonic.images.read import read_picture
from harmonic.ops.cells import whole_cells


@pytest.fixture
def folder(tmp_path):
    """Four pictures, one of them grey, one below."""
    rng = np.random.default_rng(1)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.png", "b.jpg", "sub/c.png"):
        Image.fromarray(rng.integers(0, 256, (33, 46, 3), np.uint8)).save(tmp_path / "in" / name)
    Image.fromarray(rng.integers(0, 256, (33, 46), np.uint8)).save(tmp_path / "in" / "grey.png")
    return tmp_path / "in"


@pytest.fixture
def degrade(harmonic):
    return lambda *arguments: harmonic("degrade", *arguments)


def one_error(answer, code, *parts):
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert answer.code == code and len(errors) == 1 and "Traceback" not in answer.err, answer
    assert all(part in errors[0] for part in parts), answer


def records(out):
    lines = [json.loads(line) for line in (out / "chains.jsonl").read_text().splitlines()]
    return {line["file"]: line for line in lines}


def files(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_a_folder_is_mirrored_as_png_with_a_record_of_each(degrade, folder, tmp_path):
    answer = degrade(folder, "-o", tmp_path / "out")
    names = ["a.png", "b.png", "grey.png", "sub/c.png"]
    assert answer.code == 0 and answer.out.split() == [str(tmp_path / "out" / name) for name in names]
    assert "4 degraded, 0 failed" in answer.err
    assert set(files(tmp_path / "out")) == {*names, "chains.jsonl"}
    assert list(records(tmp_path / "out")) == names
    assert records(tmp_path / "out")["b.png"]["source"] == "b.jpg"


@pytest.mark.parametrize("arguments", [(), ("--scale", 3), ("--preset", "hmix", "--seed", 7)])
def test_a_record_makes_the_copy_again(degrade, folder, tmp_path, arguments):
    degrade(folder, "-o", tmp_path / "out", *arguments)
    for file, record in records(tmp_path / "out").items():
        clean = whole_cells(read_picture(folder / record["source"]).colour, record["scale"])
        chain = CHAIN.validate_python(record["chain"])
        again = degraded_copy(clean, chain, record["source"], record["seed"])
        np.testing.assert_array_equal(read_picture(tmp_path / "out" / file).colour, again)
        assert all(0 <= value <= 1 for value in record["strengths"].values())


def test_the_same_seed_gives_the_same_bytes_whatever_else_is_degraded(degrade, folder, tmp_path):
    degrade(folder, "-o", tmp_path / "all")
    degrade(folder / "grey.png", folder / "a.png", "-o", tmp_path / "two")
    degrade(folder, "-o", tmp_path / "again")
    degrade(folder, "-o", tmp_path / "other", "--seed", 1)
    assert files(tmp_path / "all") == files(tmp_path / "again")
    for name in ("a.png", "grey.png"):
        assert files(tmp_path / "two")[name] == files(tmp_path / "all")[name]
    assert files(tmp_path / "other")["a.png"] != files(tmp_path / "all")["a.png"]


def test_records_of_earlier_runs_stay(degrade, folder, tmp_path):
    degrade(folder / "a.png", "-o", tmp_path / "out")
    with (tmp_path / "out" / "chains.jsonl").open("a") as file:
        file.write("torn {\n[]\n")
    degrade(folder / "grey.png", "-o", tmp_path / "out", "--chain", "{kind: blur, sigma: 1}")
    assert list(records(tmp_path / "out")) == ["a.png", "grey.png"]
    assert records(tmp_path / "out")["grey.png"]["chain"] == [{"kind": "blur", "sigma": 1.0}]


def test_copies_of_an_enlargements_input_have_its_size(degrade, folder, tmp_path):
    assert degrade(folder, "-o", tmp_path / "out", "-s", 4, "-q").code == 0
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.size == (11, 8)


def test_grey_stays_grey_and_metadata_stay(degrade, folder, srgb_photo, tmp_path):
    degrade(folder / "grey.png", srgb_photo, "-o", tmp_path / "out")
    with Image.open(tmp_path / "out" / "grey.png") as image:
        assert image.mode == "L"
    with Image.open(tmp_path / "out" / srgb_photo.name) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.fixture
def srgb_photo(photo):
    with Image.open(photo) as image:
        image.save(photo, dpi=(300, 300))
    return photo


def test_format_decides_the_file(degrade, folder, tmp_path):
    degrade(folder, "-o", tmp_path / "out", "--format", "webp", "-q")
    assert (tmp_path / "out" / "sub" / "c.webp").read_bytes()[8:12] == b"WEBP"
    degrade(folder, "-o", tmp_path / "same", "--format", "auto", "-q")
    assert set(files(tmp_path / "same")) == {"a.png", "b.jpg", "grey.png", "sub/c.png", "chains.jsonl"}


def test_the_sheet_is_a_picture_of_its_own(degrade, folder, tmp_path):
    assert degrade(folder, "-o", tmp_path / "out", "--sheet", tmp_path / "look.png").code == 0
    with Image.open(tmp_path / "look.png") as image:
        assert image.width > 1000
    one_error(degrade(folder, "-o", tmp_path / "out2", "--sheet", tmp_path / "look.png"), 1, "look.png: exists already")
    assert not (tmp_path / "out2").exists()


def test_one_bad_file_does_not_stop_the_others(degrade, folder, tmp_path):
    (folder / "aa.png").write_text("no picture")
    answer = degrade(folder, tmp_path / "none", "-o", tmp_path / "out")
    assert answer.code == 1 and "4 degraded, 2 failed" in answer.err
    assert len(records(tmp_path / "out")) == 4


def test_existing_copies_stay_unless_overwrite_is_given(degrade, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_bytes(b"precious")
    one_error(degrade(folder / "a.png", "-o", tmp_path / "out"), 1, "a.png: exists already; use --overwrite")
    assert (tmp_path / "out" / "a.png").read_bytes() == b"precious"
    assert degrade(folder / "a.png", "-o", tmp_path / "out", "--overwrite").code == 0


def test_a_copy_never_takes_the_place_of_its_picture(degrade, folder):
    before = files(folder)
    one_error(degrade(folder, "-o", folder, "--overwrite"), 2, "holds the pictures themselves")
    one_error(degrade(folder / "a.png", "-o", folder, "--overwrite"), 1, "a.png: its copy would take its place")
    assert files(folder) == before


def test_copies_below_the_input_are_no_new_inputs(degrade, folder):
    degrade(folder, "-o", folder / "out")
    assert len(degrade(folder, "-o", folder / "out", "--overwrite").out.split()) == 4


@pytest.mark.parametrize(
    "arguments, part",
    [
        (("--preset", "worst"), "'worst' is not one of"),
        (("--scale", "5"), "'--scale'"),
        (("--seed", "-1"), "'--seed'"),
        (("--sheet", "look.gif"), "look.gif: this format cannot be written; use one of png"),
        (("--chain", "{kind: round}", "--scale", "2"), "drop --preset and --scale"),
        (("--chain", "{kind: round}", "--preset", "real"), "drop --preset and --scale"),
        (("--chain", "[blur"), "--chain: is not valid YAML"),
        (("--chain", "blur"), "step 1 is 'blur'; a step has the form"),
        (("--chain", "[{kind: round}, {kind: blurr}]"), "step 2: unknown kind 'blurr'; did you mean blur?"),
        (("--chain", "{kind: [blur]}"), "unknown kind ['blur']"),
        (("--chain", "{kind: blur, sgima: 1}"), "step 1, blur: unknown key 'sgima'; did you mean sigma?"),
        (("--chain", "{kind: blur}"), "step 1, blur sigma: is missing"),
        (("--chain", "{kind: blur, sigma: 9}"), "step 1, blur sigma: Input should be less than or equal to 5 (got 9)"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(degrade, folder, tmp_path, arguments, part):
    one_error(degrade(folder, "-o", tmp_path / "out", *arguments), 2, part)
    assert not (tmp_path / "out").exists()


def test_the_output_must_be_a_folder(degrade, folder, tmp_path):
    (tmp_path / "notes.txt").touch()
    one_error(degrade(folder / "a.png", "-o", tmp_path / "b.png"), 2, "b.png: copies go into a folder")
    for place in ("notes.txt", "notes.txt/out"):
        one_error(degrade(folder, "-o", tmp_path / place), 2, "a file stands in its place")


def test_a_picture_that_is_too_small_for_the_scale_is_named(degrade, tmp_path):
    Image.new("RGB", (3, 9)).save(tmp_path / "thin.png")
    one_error(degrade(tmp_path / "thin.png", "-o", tmp_path / "out", "-s", 4), 1, "thin.png: has fewer than 4 pixels")
