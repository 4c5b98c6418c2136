"""Reading in a process of its own gives the same pictures, and whatever befalls that process costs one file."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harmonic.errors import PictureError
from harmonic.images.apart import Apart
from harmonic.images.picture import Picture
from harmonic.images.read import read_picture
from harmonic.images.write import write_picture
from uploads import bomb


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart(60) as made:
        yield made


def check_same(here: Picture, there: Picture) -> None:
    assert np.array_equal(here.colour, there.colour) and here.colour.dtype == there.colour.dtype
    assert (here.alpha is None) == (there.alpha is None)
    assert here.alpha is None or np.array_equal(here.alpha, there.alpha)
    assert (here.metadata, here.format, here.notes) == (there.metadata, there.format, there.notes)


def test_a_picture_comes_through_whole_with_its_metadata(apart, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a boat"
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    path = tmp_path / "a b\nc.png"
    Image.fromarray(pixels, "RGBA").save(path, exif=exif, dpi=(300, 300))
    check_same(read_picture(path), apart.read(path))


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_deep_samples_come_through_whole(apart, tmp_path, kind):
    pytest.importorskip("pyvips")
    top = 1 if kind is np.float32 else 65535
    pixels = (np.random.default_rng(0).random((20, 30, 3)) * top).astype(kind)
    write_picture(tmp_path / "a.tiff", Picture(pixels, None, "TIFF"))
    check_same(read_picture(tmp_path / "a.tiff"), apart.read(tmp_path / "a.tiff"))


def test_refusals_are_those_of_the_reader(apart, tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    Image.new("RGB", (20, 30)).save(tmp_path / "b.png")
    for path, options in ((tmp_path / "a.png", {}), (tmp_path / "none.png", {}), (tmp_path / "b.png", {"page": 2})):
        with pytest.raises(PictureError) as here:
            read_picture(path, **options)
        with pytest.raises(PictureError) as there:
            apart.read(path, **options)
        assert str(here.value) == str(there.value)
    assert apart.restarts == 0


@pytest.mark.parametrize("fatal, seconds", [(signal.SIGSEGV, 60), (signal.SIGKILL, 60), (signal.SIGSTOP, 1)])
def test_a_crash_or_standstill_costs_one_file(tmp_path, crashing, fatal, seconds):
    for name in "abc":
        Image.new("RGB", (20, 30)).save(tmp_path / f"{name}.png")
    crashing(tmp_path / "b.png", signal=fatal)
    with Apart(seconds) as apart:
        apart.start()
        time.sleep(3 if seconds == 1 else 0)  # a start may take longer than the second
        assert apart.read(tmp_path / "a.png").colour.shape == (30, 20, 3)
        with pytest.raises(PictureError, match=r"b\.png: could not be decoded"):
            apart.read(tmp_path / "b.png")
        apart.seconds = 60
        assert apart.read(tmp_path / "c.png").colour.shape == (30, 20, 3)
        assert apart.restarts == 1


def test_closing_does_not_wait_for_a_file_that_hangs(tmp_path, crashing):
    Image.new("RGB", (20, 30)).save(tmp_path / "a.png")
    crashing(tmp_path / "a.png", signal=signal.SIGSTOP)
    apart, errors = Apart(600), []

    def read() -> None:
        try:
            apart.read(tmp_path / "a.png")
        except PictureError as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(1)
    started = time.monotonic()
    apart.close()
    thread.join(10)
    assert not thread.is_alive() and time.monotonic() - started < 5 and errors


def test_no_process_is_left_behind(tmp_path):
    Image.new("RGB", (20, 30)).save(tmp_path / "a.png")
    with Apart(60) as apart:
        apart.read(tmp_path / "a.png")
        process = apart._process
        assert process is not None and process.poll() is None
    assert process.poll() is not None
    with pytest.raises(PictureError, match="the run has ended"):
        apart.read(tmp_path / "a.png")
    assert apart._process is None


def test_the_process_ends_with_its_parent(tmp_path: Path):
    """Its stdin ends then; nothing else is needed."""
    Image.new("RGB", (20, 30)).save(tmp_path / "a.png")
    apart = Apart(60)
    apart.read(tmp_path / "a.png")
    process = apart._process
    assert process is not None and process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
    apart.close()


def test_nothing_is_imported_from_the_folder_where_the_pictures_lie(tmp_path, monkeypatch):
    Image.new("RGB", (3, 2)).save(tmp_path / "a.png")
    for name in ("PIL.py", "json.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit('foreign code')")
    monkeypatch.chdir(tmp_path)
    with Apart(60) as apart:
        assert apart.read(Path("a.png")).colour.shape == (2, 3, 3)


@pytest.mark.parametrize("answer", [
    "[]", "7", '{"arrays": 5}', '{"arrays": [["uint8", 3]]}', '{"arrays": [["uint8", [1, 1, 3], 4]]}', "{}", "no JSON",
    '{"arrays": [], "metadata": {}, "format": "PNG", "notes": []}', '{"arrays": [], "metadata": {"colour": "red"}}',
])  # fmt: skip
def test_an_answer_that_is_none_costs_one_file(tmp_path, monkeypatch, answer):
    """Whoever has taken over a decoder can cost the file that did it, and nothing else."""
    Image.new("RGB", (3, 2)).save(tmp_path / "a.png")
    with monkeypatch.context() as taken, Apart(60) as apart:
        taken.setattr("harmonic.images.apart._PROGRAM", ("-c", f"input(); print({answer!r}, flush=True); input()"))
        with pytest.raises(PictureError, match=r"a\.png: could not be decoded"):
            apart.read(tmp_path / "a.png")
        taken.undo()
        assert apart.read(tmp_path / "a.png").colour.shape == (2, 3, 3)


def test_the_limit_is_ours_and_not_that_of_pillow(apart, tmp_path):
    """Pillow refuses from 179 megapixels on, whatever is allowed here."""
    path = tmp_path / "a.png"
    path.write_bytes(bomb(10, 10, stated=(20_000, 10_000)))
    told = apart.ask(
        {"task": "look", "path": str(path), "format": "PNG", "max_pixels": 512_000_000}, lambda told, _: told
    )
    assert (told["width"], told["height"]) == (20_000, 10_000)
