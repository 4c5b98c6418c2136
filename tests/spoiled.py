"""Picture files for tests of training data: good ones, and ten that are spoiled, each in another way."""

import struct
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from harmonic.train.synthetic import synthetic_picture


@cache
def scene(seed: int, height: int = 64, width: int = 80) -> np.ndarray:
    """(height, width, 3) uint8, read-only, structured; no two seeds look alike."""
    picture = synthetic_picture(np.random.default_rng(seed), height, width, "leaves")
    picture.flags.writeable = False
    return picture


def save(path: Path, pixels: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)  # type: ignore[arg-type]
    return path


def png(header: bytes, rows: bytes) -> bytes:
    """A PNG of given IHDR content and unpacked rows, whatever they are."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def png16(samples: np.ndarray) -> bytes:
    """(H, W, 1 to 4) uint16 -> a PNG of 16 bit: grey, grey with alpha, RGB or RGBA."""
    height, width, channels = samples.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return png(struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0), rows)


def spoil(folder: Path) -> list[str]:
    """Ten files of as many kinds of damage in an existing folder -> their names."""
    whole = save(folder / "whole.jpg", scene(900)).read_bytes()
    (folder / "whole.jpg").unlink()
    good = save(folder / "whole.png", scene(901)).read_bytes()
    (folder / "whole.png").unlink()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 255
    contents = {
        "cut.jpg": whole[: len(whole) // 2],
        "text.png": b"no picture at all\n",
        "empty.webp": b"",
        "crc.png": bytes(flipped),
        "bomb.png": png(struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0), bytes(1000)),
        "zero.png": png(struct.pack(">IIBBBBB", 0, 10, 8, 2, 0, 0, 0), b""),
        "cut.png": good[: len(good) // 2],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder.png").mkdir()
    frames = [Image.fromarray(scene(seed)) for seed in (902, 903)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])
    clear = np.dstack([scene(904), np.full((64, 80), 200, np.uint8)])
    save(folder / "transparent.png", clear)
    return [*contents, "folder.png", "animated.gif", "transparent.png"]
