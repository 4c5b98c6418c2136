"""harmonic restore: results, exit codes, and one line for every trouble."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from harmonic.images.atomic import atomic_write
from harmonic.images.disclosure import mark_of
from harmonic.images.read import read_picture
from harmonic.network.checkpoint import Card, dump_network
from harmonic.network.config import HFSpec, TextureSpec, variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from making import randomised


@pytest.fixture
def restore(harmonic, weights):
    return lambda *arguments: harmonic("restore", "--model", weights, *arguments)


def size_and_format(path):
    with Image.open(path) as image:
        return image.size, image.format


def one_error(answer, code, *parts):
    """Exactly one line of error, no traceback, and these parts in it."""
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert answer.code == code, answer
    assert len(errors) == 1 and "Traceback" not in answer.err, answer
    assert all(part in errors[0] for part in parts), answer
    assert all(line.startswith(("error: ", "tiny-test on ")) for line in answer.err.splitlines()), answer


def test_without_output_the_result_lies_beside_the_input(restore, photo):
    answer = restore(photo)
    target = photo.with_name("photo-restored.png")
    assert answer.code == 0 and answer.out == f"{target}\n" and answer.err.startswith("tiny-test on ")
    assert size_and_format(target) == ((31, 24), "PNG")


def test_a_model_that_generates_says_how_to_ask_for_it(harmonic, photo, tmp_path):
    hf = HFSpec(high_pass=4, blocks=(), tail=4, texture=TextureSpec(channels=4))
    network, path = randomised(Harmonic(variant(tiny(), hf=hf))), tmp_path / "drawing.safetensors"
    atomic_write(path, dump_network(network, Card(name="drawing", task="restore", config=network.config)))

    def restored(name, *dials):
        answer = harmonic("restore", "--model", path, photo, "-o", tmp_path / name, *dials)
        assert answer.code == 0, answer
        return answer.err, read_picture(tmp_path / name).colour

    (said, plain), (silent, drawn) = restored("plain.png"), restored("drawn.png", "--texture", 1)
    assert "--texture 0.4" in said and "--texture" not in silent and not np.array_equal(plain, drawn)


def test_quiet_says_nothing(restore, photo):
    assert restore(photo, "-q").err == ""


def test_json_gives_an_object_per_picture(restore, photo, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    lines = [json.loads(line) for line in restore(photo, bad, "--json", "-o", tmp_path / "out").out.splitlines()]
    assert [(line["status"], line["source"]) for line in lines] == [("restored", str(photo)), ("failed", str(bad))]
    assert lines[0]["size"] == [31, 24] and lines[0]["tile"] is None and "bad.png" in lines[1]["reason"]


def test_strength_zero_gives_the_pixels_back(restore, photo, tmp_path):
    assert restore(photo, "-o", tmp_path / "same.png", "--strength", "0").code == 0
    assert np.array_equal(read_picture(tmp_path / "same.png").colour, read_picture(photo).colour)


@pytest.mark.parametrize("format, name", [("jpg", "JPEG"), ("webp", "WEBP"), ("tiff", "TIFF"), ("bmp", "BMP")])
def test_format_decides_the_file(restore, photo, tmp_path, format, name):
    answer = restore(photo, "-o", tmp_path / "out", "--format", format, "--precision", "fp32", "--tile", "off")
    assert answer.code == 0 and size_and_format(answer.out.strip()) == ((31, 24), name)


def test_a_tile_size_is_rounded_up_and_said(restore, photo):
    assert "tile 33 rounded up to 64" in restore(photo, "--tile", 33).err


def test_a_folder_is_mirrored_and_a_second_run_has_nothing_to_do(restore, photo, tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        (tmp_path / "in" / name).write_bytes(photo.read_bytes())
    first, second = (restore(tmp_path / "in", "-o", tmp_path / "in" / "out") for _ in range(2))
    assert (tmp_path / "in" / "out" / "sub" / "b.png").exists()
    assert first.code == 0 and "2 restored, 0 done before, 0 failed" in first.err
    assert second.code == 0 and second.out == "" and "0 restored, 2 done before, 0 failed" in second.err


def test_a_folder_without_output_gets_its_results_beside_and_can_be_gone_on_with(restore, photo):
    assert [restore(photo.parent).code for _ in range(2)] == [0, 0]
    assert photo.with_name("photo-restored.png").exists()
    assert not photo.with_name("photo-restored-restored.png").exists()


def test_a_picture_of_one_pixel_is_restored(restore, tmp_path):
    Image.new("RGB", (1, 1), (10, 20, 30)).save(tmp_path / "one.png")
    assert restore(tmp_path / "one.png").code == 0


def test_a_text_file_named_png(restore, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    one_error(restore(tmp_path / "text.png"), 1, "text.png: holds a text")


def test_an_empty_file(restore, tmp_path):
    (tmp_path / "empty.jpg").touch()
    one_error(restore(tmp_path / "empty.jpg"), 1, "empty.jpg: is empty")


def test_a_truncated_jpeg(restore, photo, tmp_path):
    with Image.open(photo) as image:
        image.save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:-200])
    one_error(restore(tmp_path / "cut.jpg"), 1, "cut.jpg: is damaged or cut short")
    assert not (tmp_path / "cut-restored.jpg").exists()


def test_a_folder_without_pictures(restore, tmp_path):
    (tmp_path / "empty").mkdir()
    one_error(restore(tmp_path / "empty"), 1, "empty: no pictures in this folder")


def test_a_missing_input_does_not_stop_the_others(restore, photo, tmp_path):
    one_error(restore(tmp_path / "none.png", "-q"), 1, "none.png: there is no such file")
    answer = restore(tmp_path / "none.png", photo, "-q")
    one_error(answer, 1, "none.png: there is no such file")
    assert answer.out == f"{photo.with_name('photo-restored.png')}\n"


def test_an_existing_result_stays_unless_overwrite_is_given(restore, photo, tmp_path):
    (tmp_path / "out.png").write_bytes(b"precious")
    one_error(restore(photo, "-o", tmp_path / "out.png"), 1, "out.png: exists already; use --overwrite")
    assert (tmp_path / "out.png").read_bytes() == b"precious"
    assert restore(photo, "-o", tmp_path / "out.png", "--overwrite").code == 0
    assert size_and_format(tmp_path / "out.png") == ((31, 24), "PNG")


def test_an_output_folder_below_a_file(restore, photo, tmp_path):
    (tmp_path / "notes.txt").touch()
    one_error(restore(photo, "-o", tmp_path / "notes.txt" / "out"), 2, "a file stands in its place")
    one_error(restore(photo, "-o", tmp_path / "notes.txt" / "out.png"), 1, "out.png: ")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_folder(restore, photo, tmp_path):
    (tmp_path / "out").mkdir(mode=0o555)
    one_error(restore(photo, "-o", tmp_path / "out"), 4, "out: cannot be written")


@pytest.mark.parametrize(
    "arguments, part",
    [
        (("--format", "gif"), "'gif' is not one of"),
        (("--precision", "fp64"), "'fp64' is not one of"),
        (("--precision", "fp16", "--device", "cpu"), "--precision fp16: needs a GPU"),
        (("--device", "gpu"), "--device gpu: is not known; use one of auto, cpu, cuda"),
        (("--tile", "big"), "--tile big: is not known; use auto, off or a size"),
        (("--strength", "2"), "--strength"),
        (("--strength", "nan"), "--strength"),
        (("--detail", "-1"), "--detail"),
        (("--quality", "101"), "--quality"),
        (("--scale", "5"), "--scale"),
        (("-o", "out.png", "--format", "jpg"), "the name says png"),
        (("--strenght", "1"), "--strenght"),
        (("--maps", "--overwrite"), "--overwrite is another option"),
        (("-o", "--overwrite"), "--overwrite is another option"),
    ],
)
def test_wrong_options_are_refused_with_the_valid_ones(restore, photo, arguments, part):
    one_error(restore(photo, *arguments), 2, part)
    assert sorted(p.name for p in photo.parent.iterdir()) == ["photo.png"]


def test_no_input_is_wrong_usage(restore):
    one_error(restore(), 2, "Missing argument", "harmonic restore --help")


def test_an_unknown_model(harmonic, photo, tmp_path):
    one_error(harmonic("restore", photo, "--model", "nonsense"), 3, "'nonsense': is not bundled")
    one_error(harmonic("restore", photo, "--model", tmp_path / "none.safetensors"), 3, "none.safetensors: ")
    (tmp_path / "bad.safetensors").write_bytes(b"x" * 100)
    one_error(harmonic("restore", photo, "--model", tmp_path / "bad.safetensors"), 3, "bad.safetensors: ")


def test_a_scale_without_weights(restore, photo):
    one_error(restore(photo, "--scale", 2), 3, "--scale 2: tiny-test enlarges by 1")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such file names")
def test_any_file_name_is_taken_and_given_back(weights, photo, tmp_path):
    odd = os.fsencode(tmp_path) + b"/bad \xff\n\xe5\x86\x99\xf0\x9f\x93\xb7.png"
    photo.rename(os.fsdecode(odd))
    command = [sys.executable, "-m", "harmonic", "restore", odd, "-o", tmp_path / "out", "--model", weights]
    first, second = (subprocess.run(command, capture_output=True, check=True) for _ in range(2))
    target = os.fsencode(tmp_path) + b"/out/" + odd.rsplit(b"/", 1)[1]
    assert first.stdout == target + b"\n" and os.path.exists(target)  # noqa: PTH110 - bytes
    assert second.stdout == b"" and second.stderr.count(b"\n") == 2  # introduction, skipped


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_leaves_finished_files_and_says_how_to_go_on(weights, photo, tmp_path, number, code):
    (tmp_path / "in").mkdir()
    for index in range(400):
        (tmp_path / "in" / f"{index:03}.png").write_bytes(photo.read_bytes())
    # A test run in the background inherits an ignored SIGINT; a user's terminal does not ignore it.
    start = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from harmonic.cli import main; main()"
    )
    command = [sys.executable, "-c", start, "restore", tmp_path / "in", "-o", tmp_path / "out", "--model", weights]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not list((tmp_path / "out").glob("*.png")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code and "Traceback" not in err, err
    assert err.splitlines()[-1].startswith("interrupted; ")
    finished = list((tmp_path / "out").glob("*.png"))  # the last one may be finished, but not printed
    assert set(out.split()) <= {str(path) for path in finished}
    assert 0 < len(finished) < 400 and all(size_and_format(name) == ((31, 24), "PNG") for name in finished)
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize(
    "arguments, code, part",
    [
        (("--width", "0"), 2, "--width 0: must be 1 pixel or more"),
        (("--width", "9", "--megapixels", "1"), 2, "give exactly one"),
        (("--scale", "9"), 2, "--scale 9: must be above 0, and 4 at most"),
        (("--width", "32"), 3, "--width 32: tiny-test enlarges by 1"),
        (("--metadata", "hide"), 2, "'hide' is not one of"),
        (("--mask", "none.png"), 2, "--mask: none.png: there is no such file"),
        (("--watch",), 2, "--watch: looks at one folder"),
    ],
)
def test_dials_out_of_reach_are_refused(restore, photo, arguments, code, part):
    one_error(restore(photo, *arguments), code, part)
    assert sorted(p.name for p in photo.parent.iterdir()) == ["photo.png"]


def test_a_size_is_exact_and_a_picture_that_no_model_reaches_costs_itself_alone(restore, photo, tmp_path):
    Image.new("RGB", (10, 10)).save(tmp_path / "small.png")
    answer = restore(tmp_path, "-o", tmp_path / "out", "--width", 20)
    assert answer.code == 1 and "small.png: --width 20: tiny-test enlarges by 1" in answer.err
    assert size_and_format(tmp_path / "out" / "photo.png") == ((20, 15), "PNG")


def test_results_bear_a_mark_unless_stripped(restore, photo, tmp_path):
    for wish in ("keep", "strip"):
        assert restore(photo, "-o", tmp_path / f"{wish}.png", "--metadata", wish, "--strength", 0.5).code == 0
    kept, stripped = (read_picture(tmp_path / f"{wish}.png").metadata.exif for wish in ("keep", "strip"))
    told = mark_of(kept)
    assert told and told.startswith("HARMONIC ") and told.endswith(", tiny-test, strength 0.5, detail 1")
    assert stripped is None


def test_a_changed_mask_makes_another_result(restore, photo, tmp_path):
    (tmp_path / "in").mkdir()
    photo.rename(tmp_path / "in" / "photo.png")
    options = ("-o", tmp_path / "out", "--mask", tmp_path / "mask.png", "--overwrite")
    outcomes = []
    for level in (0, 0, 255):
        Image.new("L", (31, 24), level).save(tmp_path / "mask.png")
        outcomes.append(restore(tmp_path / "in", *options).out != "")
    assert outcomes == [True, False, True]


def test_maps_comparison_and_report_lie_apart_and_are_told(restore, photo, tmp_path):
    options = ("--maps", tmp_path / "look", "--compare", tmp_path / "look", "--report", "--json")
    told = json.loads(restore(photo, *options).out)
    names = {"hf-x4.png", "lf-x8.png", "provenance.png", "html", "compare.png"}
    assert {p.name for p in (tmp_path / "look").iterdir()} == {f"photo-restored.png.{name}" for name in names}
    assert set(told["change"]) == {"before", "after", "fidelity"} and len(told["maps"] + told["compare"]) == 5
    again = restore(tmp_path, *options[:-1], "--overwrite")  # neither results nor maps are new inputs
    assert again.code == 0 and again.out == f"{photo.with_name('photo-restored.png')}\n"
    assert "photo-restored.png: noise" in again.err


def test_companions_of_a_result_that_is_there_are_left_or_made_where_they_lack(restore, photo, tmp_path):
    command = (photo, "-o", tmp_path / "out", "--maps", tmp_path / "look", "--compare", tmp_path / "look", "-q")
    assert restore(*command).code == 0
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "look").iterdir()}
    assert restore(*command).code == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "look").iterdir()} == times
    next(path for path in times if path.name.endswith(".provenance.png")).unlink()
    assert restore(*command).code == 0 and set((tmp_path / "look").iterdir()) == set(times)


def test_companions_are_of_the_page_and_of_the_size_that_were_asked_for(restore, tmp_path):
    pages = [Image.new("RGB", (side, 9), "grey") for side in (8, 12)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    options = ("--page", "2", "--report", "--maps", tmp_path / "m", "--compare", tmp_path / "c", "-q")
    assert restore(tmp_path / "a.tif", *options).code == 0
    assert size_and_format(tmp_path / "m" / "a-restored.tif.provenance.png")[0] == (12, 9)
    assert restore(tmp_path / "a.tif", "--page", "2", "--max-pixels", "0.0001", "--overwrite").code == 1


def test_companions_of_equal_names_keep_their_folders(restore, photo, tmp_path):
    for folder in "pq":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.png").write_bytes(photo.read_bytes())
    given = (tmp_path / "p" / "x.png", tmp_path / "q" / "x.png")
    assert restore(*given, "--compare", tmp_path / "look", "-q").code == 0
    pages = {path.relative_to(tmp_path / "look").as_posix() for path in (tmp_path / "look").rglob("*.html")}
    assert pages == {"p/x-restored.png.html", "q/x-restored.png.html"}


def test_watching_refuses_to_take_its_results_for_new_pictures(restore, tmp_path):
    (tmp_path / "in").mkdir()
    for option in ("-o", "--maps", "--compare"):
        one_error(restore(tmp_path / "in", "--watch", option, tmp_path / "in"), 2, "need folders of their own")


@pytest.mark.parametrize("value", ["inf", "1e400"])
def test_a_limit_that_is_no_number_of_pixels_is_wrong_usage(restore, photo, value):
    one_error(restore(photo, "--max-pixels", value), 2, "must be a number of megapixels")


def test_compare_shows_models_on_a_crop(harmonic, weights, photo, tmp_path):
    answer = harmonic("compare", photo, "-m", weights, "-m", weights, "--crop", "3,4,16,8", "-o", tmp_path / "c", "-q")
    assert answer.code == 0 and answer.out.split() == [str(tmp_path / name) for name in ("c.html", "c.compare.png")]
    assert size_and_format(tmp_path / "c.compare.png")[0] == (3 * 16 + 2 * 8, 8 + 24)
    one_error(harmonic("compare", photo, "--crop", "3,4", "-o", tmp_path / "d"), 2, "--crop 3,4: has the form X,Y,W,H")


def test_inspect_goes_on_after_a_bad_file(harmonic, photo, tmp_path):
    (tmp_path / "bad.png").write_text("no picture")
    answer = harmonic("inspect", tmp_path, "--json")
    assert answer.code == 1 and "bad.png: holds a text" in answer.err
    assert json.loads(answer.out)["size"] == [31, 24]
