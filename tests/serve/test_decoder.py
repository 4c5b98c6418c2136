"""The service's decoding process: refusals in its words, bounds on memory and time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harmonic.images.read import read_picture
from harmonic.serve import decoder as module
from harmonic.serve.decoder import Decoder
from harmonic.serve.refusal import Refusal
from uploads import bomb, encoded, picture


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(1_000_000, 10)
    yield decoder
    decoder.apart.close()


def saved(folder: Path, data: bytes, suffix: str = ".png") -> Path:
    path = folder / f"secret{suffix}"
    path.write_bytes(data)
    return path


def test_a_picture_comes_through_whole(decoder: Decoder, tmp_path: Path):
    exif = Image.Exif()
    exif[0x010E] = "a boat"
    source = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8), "RGBA")
    path = saved(tmp_path, encoded(source, exif=exif, dpi=(300, 300)))
    here, there = read_picture(path), decoder.decode(path)
    assert np.array_equal(here.colour, there.colour) and there.colour.dtype == np.uint8
    assert here.alpha is not None and there.alpha is not None and np.array_equal(here.alpha, there.alpha)
    assert (here.metadata, here.format, here.notes) == (there.metadata, there.format, there.notes)


def test_the_header_tells_the_size_and_too_many_pixels_are_never_decoded(decoder: Decoder, tmp_path: Path):
    path = saved(tmp_path, bomb(10, 10, stated=(500, 400)))
    assert decoder.look(path, "PNG").pixels == 200_000
    for size in ((1001, 1000), (60_000, 60_000)):
        with pytest.raises(Refusal, match="over the limit") as refused:
            decoder.look(saved(tmp_path, bomb(10, 10, stated=size)), "PNG")
        assert (refused.value.status, refused.value.code) == (422, "image_too_large")


@pytest.mark.parametrize("data", [picture()[:200], bomb(9, 9, stated=(800, 800)), picture(form="JPEG")[:-300]])
def test_damage_is_refused_in_a_line_that_names_no_path(decoder: Decoder, tmp_path: Path, data: bytes):
    with pytest.raises(Refusal, match=r"^picture: is damaged or cut short") as refused:
        decoder.decode(saved(tmp_path, data))
    assert "\n" not in refused.value.message and "secret" not in refused.value.message


def test_memory_is_bounded_and_the_next_picture_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A hundred megapixels past the check of the header, in a process that may take 64 MiB more than it is."""
    monkeypatch.setattr(module, "_SPARE", 64 << 20)
    monkeypatch.setattr(module, "_BYTES_PER_PIXEL", 0)
    small = Decoder(200_000_000, 20)
    try:
        with pytest.raises(Refusal, match="memory") as refused:
            small.decode(saved(tmp_path, bomb(10_000, 10_000)))
        assert refused.value.status == 422
        assert small.decode(saved(tmp_path, picture())).colour.shape == (30, 40, 3)
    finally:
        small.apart.close()


def test_a_decoder_that_takes_too_long_is_ended_and_begun_anew(tmp_path: Path):
    hasty = Decoder(1_000_000, 0.001)
    try:
        with pytest.raises(Refusal, match="within the limits"):
            hasty.decode(saved(tmp_path, picture()))
        assert hasty.apart.restarts == 1
        hasty.apart.seconds = 10
        assert hasty.decode(saved(tmp_path, picture())).colour.shape == (30, 40, 3)
    finally:
        hasty.apart.close()
