"""Streaming: the file that comes of it holds what the whole picture gives, and few rows are held."""

import numpy as np
import pytest
import tifffile
from PIL import Image
from torch import device

from harmonic.errors import PictureError
from harmonic.images.picture import Metadata
from harmonic.images.read import MOST_PIXELS, read_picture
from harmonic.restore import file, rows, stream
from harmonic.restore.engine import Engine, Mix
from harmonic.restore.file import Settings, open_file
from harmonic.restore.restorer import Restorer
from harmonic.restore.stream import restore_strips

CPU = device("cpu")


def restored(engine, source, target, mix=Mix(), **options):
    options = {"max_pixels": MOST_PIXELS, "overwrite": True, **options}
    return restore_strips(engine, source, target, mix, lambda metadata: metadata, **options)


def saved(path, shape, **options):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return pixels


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg"])
@pytest.mark.parametrize("scale", [1, 2])
def test_a_streamed_picture_is_the_whole_one(stand_in, tmp_path, name, scale):
    saved(tmp_path / name, (301, 257, 3))
    engine = Engine(stand_in(scale), CPU, "fp32", 64)
    source = read_picture(tmp_path / name)
    told = restored(engine, tmp_path / name, tmp_path / "out.png")
    result = read_picture(tmp_path / "out.png")
    np.testing.assert_array_equal(result.colour, engine.run(source.colour, Mix()).pixels)
    assert (told.outline.height, told.outline.width) == (scale * 301, scale * 257) and told.work.tile == 64


def test_transparency_is_copied_with_its_rows_and_otherwise_refused(stand_in, tmp_path):
    pixels = saved(tmp_path / "a.png", (301, 57, 4))
    engine = Engine(stand_in(), CPU, "fp32", 64)
    restored(engine, tmp_path / "a.png", tmp_path / "out.png", Mix(strength=0.0))
    result = read_picture(tmp_path / "out.png")
    np.testing.assert_array_equal(result.alpha, pixels[..., 3])
    np.testing.assert_array_equal(result.colour, pixels[..., :3])
    with pytest.raises(PictureError, match="transparency"):
        restored(engine, tmp_path / "a.png", tmp_path / "out.png")


def test_a_network_with_a_context_sees_the_whole_picture(hybrid_network, tmp_path):
    saved(tmp_path / "a.png", (333, 40, 3))
    engine = Engine(hybrid_network, CPU, "fp32", "auto")
    restored(engine, tmp_path / "a.png", tmp_path / "out.png")
    whole = engine.run(read_picture(tmp_path / "a.png").colour, Mix()).pixels
    assert np.abs(read_picture(tmp_path / "out.png").colour.astype(int) - whole).max() <= 1  # other tiles


def test_metadata_are_those_that_the_caller_makes(stand_in, tmp_path):
    saved(tmp_path / "a.png", (40, 40, 3), dpi=(300, 300))
    engine = Engine(stand_in(), CPU, "fp32", "auto")
    options = {"max_pixels": MOST_PIXELS}
    restore_strips(engine, tmp_path / "a.png", tmp_path / "b.png", Mix(), lambda _: Metadata(dpi=(72, 72)), **options)
    assert read_picture(tmp_path / "b.png").metadata.dpi == pytest.approx((72, 72), abs=0.1)


def test_few_rows_are_held(stand_in, tmp_path, monkeypatch):
    saved(tmp_path / "a.png", (1500, 64, 3))
    monkeypatch.setattr(stream, "MOST_HELD", 64 * 3 * 2 * 200)
    held = []
    inner = rows.RowsIn.__getitem__
    monkeypatch.setattr(
        rows.RowsIn, "__getitem__", lambda self, key: (inner(self, key), held.append(len(self._held)))[0]
    )
    restored(Engine(stand_in(), CPU, "fp32", "auto"), tmp_path / "a.png", tmp_path / "out.png")
    assert 0 < max(held) <= 200 + 256  # a band and a block of the reader


def test_memory_that_runs_short_begins_anew_with_the_same_result(stand_in, tmp_path):
    saved(tmp_path / "a.png", (700, 64, 3))
    network = stand_in()
    whole = Engine(network, CPU, "fp32", 64).run(read_picture(tmp_path / "a.png").colour, Mix()).pixels
    decompose, calls = network.decompose, []

    def failing(x, *rest):
        calls.append(x.shape)
        if x.shape[2] > 300:
            raise MemoryError
        return decompose(x, *rest)

    network.decompose = failing
    told = restored(Engine(network, CPU, "fp32", "auto"), tmp_path / "a.png", tmp_path / "out.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "out.png").colour, whole)
    assert any("memory ran short" in note for note in told.work.notes)


def test_a_picture_that_is_cut_off_leaves_no_file(stand_in, tmp_path):
    saved(tmp_path / "a.png", (700, 64, 3))
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(Exception, match=r"a\.png"):
        restored(Engine(stand_in(), CPU, "fp32", 64), tmp_path / "a.png", tmp_path / "out.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_what_is_too_large_to_be_held_is_known_at_every_depth(stand_in, tmp_path, monkeypatch, kind):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((40, 30, 3), kind), photometric="rgb")
    restorer, streamed = Restorer(stand_in(), device="cpu", precision="fp32"), []
    for most in (2, 1):
        monkeypatch.setattr(file, "MOST_HELD", most * 2 * 40 * 30 * 3 * np.dtype(kind).itemsize - most % 2)
        streamed.append(open_file(restorer, tmp_path / "a.tif", tmp_path / "b.tif", Settings()).picture is None)
    assert streamed == [False, True]


def test_transparency_is_no_hindrance_where_the_picture_can_be_held(stand_in, tmp_path, monkeypatch):
    saved(tmp_path / "a.png", (40, 30, 4))
    monkeypatch.setattr(file, "MOST_HELD", 1)
    for scale in (1, 2):
        restorer = Restorer(stand_in(scale), device="cpu", precision="fp32")
        restorer.restore_file(tmp_path / "a.png", tmp_path / f"{scale}.png", strength=0)
        assert read_picture(tmp_path / f"{scale}.png").alpha.shape == (scale * 40, scale * 30)


def test_what_cannot_come_by_rows_is_decoded_once(stand_in, tmp_path, monkeypatch):
    saved(tmp_path / "a.webp", (301, 57, 3))
    inner, opened = stream.open_strips, []
    monkeypatch.setattr(stream, "open_strips", lambda *a, **k: opened.append(a) or inner(*a, **k))
    restored(Engine(stand_in(), CPU, "fp32", 64), tmp_path / "a.webp", tmp_path / "out.png")
    assert len(opened) == 1
