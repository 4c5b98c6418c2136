"""16-bit pictures for training: rounded to 8 bit, not cut."""

import struct

import numpy as np
import pytest
from PIL import Image

from harmonic.train.depth import read_deep
from spoiled import png16, save, scene


def rounded(samples: np.ndarray) -> np.ndarray:
    return np.floor(samples.astype(np.float64) / 65535 * 255 + 0.5)


def samples_of(channels: int) -> np.ndarray:
    return np.random.default_rng(channels).integers(0, 65536, (7, 9, channels)).astype(np.uint16)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_of_16_bit_is_rounded(tmp_path, channels):
    (path := tmp_path / "a.png").write_bytes(png16(samples := samples_of(channels)))
    got = read_deep(path)
    assert got is not None and np.array_equal(got, rounded(samples))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_16_bit_is_rounded(tmp_path, channels, order):
    samples = samples_of(channels)
    place = 8 + 2 + 12 * 9 + 4
    entries = [(256, 9), (257, 7), (258, 16), (259, 1), (262, 1 if channels == 1 else 2), (273, place + 2 * channels)]
    entries += [(277, channels), (278, 7), (279, samples.nbytes)]
    directory = b""
    for tag, value in entries:
        if tag == 258 and channels == 3:
            directory += struct.pack(order + "HHII", tag, 3, 3, place)
        else:
            directory += struct.pack(order + "HHIHH", tag, 3, 1, value, 0)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, len(entries)) + directory + bytes(4)
    bits = struct.pack(order + f"{channels}H", *[16] * channels)
    (path := tmp_path / "a.tif").write_bytes(head + bits + samples.astype(order + "u2").tobytes())
    got = read_deep(path)
    assert got is not None and np.array_equal(got, rounded(samples))


def test_a_compressed_grey_tiff_is_rounded(tmp_path):
    samples = samples_of(1)
    Image.fromarray(samples[..., 0]).save(tmp_path / "a.tif", compression="tiff_lzw")
    got = read_deep(tmp_path / "a.tif")
    assert got is not None and np.array_equal(got, rounded(samples))


@pytest.mark.parametrize("kind, channels", [("P5", 1), ("P6", 3)])
def test_ppm_of_16_bit_is_rounded(tmp_path, kind, channels):
    samples = samples_of(channels)
    (path := tmp_path / "a.ppm").write_bytes(f"{kind} 9 7 65535\n".encode() + samples.astype(">u2").tobytes())
    got = read_deep(path)
    assert got is not None and np.array_equal(got, rounded(samples))


def test_what_is_not_deep_or_damaged_is_left_to_others(tmp_path):
    assert read_deep(save(tmp_path / "a.png", scene(0))) is None
    (tmp_path / "b.png").write_bytes(png16(samples_of(3))[:60])
    assert read_deep(tmp_path / "b.png") is None and read_deep(tmp_path / "none.png") is None
