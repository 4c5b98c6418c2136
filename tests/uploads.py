"""Pictures to send: good ones, and what clients must not be able to do harm with; and how parts are read again."""

import io
import json
import struct
import zlib

import numpy as np
from PIL import Image


def picture(width: int = 40, height: int = 30, form: str = "PNG", seed: int = 0, **options: object) -> bytes:
    """Noise, encoded."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return encoded(Image.fromarray(pixels), form, **options)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def bomb(width: int, height: int, stated: tuple[int, int] | None = None) -> bytes:
    """A PNG of grey zeros, a thousandth of its pixels in size. stated: the size in its header, where that lies."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", *(stated or (width, height)), 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((width + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def decoded(body: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """The body of `/v1/parts` -> its heading, and float arrays by name, as a page reads them."""
    length = int.from_bytes(body[:4], "little")
    heading = json.loads(body[4 : 4 + length])
    start = -(-(4 + length) // 4) * 4
    shape = heading["height"], heading["width"], 3
    parts = {}
    for part in heading["parts"]:
        samples = np.frombuffer(body, "<u2", int(np.prod(shape)), start + part["offset"]).reshape(shape)
        parts[part["name"]] = part["low"] + (part["high"] - part["low"]) * samples / 65535
    if routing := heading["routing"]:
        shape = routing["height"], routing["width"], len(routing["experts"])
        parts["routing"] = np.frombuffer(body, "u1", int(np.prod(shape)), start + routing["offset"]).reshape(shape)
    return heading, parts
