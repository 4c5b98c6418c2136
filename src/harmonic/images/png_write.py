"""A PNG of 8 or 16 bit, written row by row (PNG 3rd edition): memory does not grow with the picture."""

import struct
import zlib
from collections.abc import Callable

import numpy as np

from harmonic.images.picture import Metadata, Outline
from harmonic.images.png_chunks import SIGNATURE, chunk

_FILTERED = 1 << 19  # bytes filtered at a time: what stays in a processor's cache is done in half the time
_COLOUR_TYPES = {(1, False): 0, (3, False): 2, (1, True): 4, (3, True): 6}


class PngRows:
    """write: takes the bytes of the file, in order. outline: of the whole picture, uint8 or uint16."""

    def __init__(self, write: Callable[[bytes], object], outline: Outline):
        self._write, self._deflate = write, zlib.compressobj(6)
        deep = outline.dtype == np.uint16
        samples = outline.channels + outline.alpha
        self._type, self._step = (">u2" if deep else "u1"), samples * (2 if deep else 1)
        self._above = np.zeros(outline.width * self._step, np.uint8)
        colour_type = _COLOUR_TYPES[outline.channels, outline.alpha]
        size = (outline.width, outline.height, 16 if deep else 8, colour_type)
        write(SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 0, 0, 0)) + _carried(outline.metadata))

    def add(self, samples: np.ndarray) -> None:
        """(n, W, 1 to 4), the next n rows."""
        rows = np.ascontiguousarray(samples, self._type).view(np.uint8).reshape(len(samples), -1)
        few = max(1, _FILTERED // rows.shape[1])
        for start in range(0, len(rows), few):
            part = rows[start : start + few]
            self._emit(self._deflate.compress(_filtered(part, self._above, self._step).tobytes()))
            self._above = part[-1]

    def finish(self) -> bytes:
        """The first bytes of the file as they must be in the end: none of them changes."""
        self._emit(self._deflate.flush())
        self._write(chunk(b"IEND", b""))
        return b""

    def _emit(self, data: bytes) -> None:
        if data:
            self._write(chunk(b"IDAT", data))


def _filtered(rows: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    """(n, bytes) uint8 and the row above -> (n, 1 + bytes): in each row the filter of 1 to 4 (Sub, Up, Average, Paeth)
    whose absolute differences sum to least (§12.7).
    """
    up = np.concatenate([above[None], rows[:-1]])
    left, corner = np.zeros_like(rows), np.zeros_like(rows)
    left[:, step:], corner[:, step:] = rows[:, :-step], up[:, :-step]
    across, down = up.astype(np.int16) - corner, left.astype(np.int16) - corner  # |p - left|, |p - up| of §9.4
    both = np.abs(across + down)
    across, down = np.abs(across), np.abs(down)
    nearest = np.where((across <= down) & (across <= both), left, np.where(down <= both, up, corner))
    average = ((left.astype(np.uint16) + up) >> 1).astype(np.uint8)
    filtered = np.stack([rows - left, rows - up, rows - average, rows - nearest])
    best = np.abs(filtered.view(np.int8).astype(np.int16)).sum(2, dtype=np.int64).argmin(0)
    result = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    result[:, 0] = best + 1
    result[:, 1:] = filtered[best, np.arange(len(rows))]
    return result


def _carried(metadata: Metadata) -> bytes:
    """Chunks before the pixels."""
    chunks = [chunk(kind.encode(), data) for kind, data in metadata.png_colour]
    if metadata.icc:
        chunks.append(chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi:
        chunks.append(chunk(b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in metadata.dpi), 1)))
    if metadata.exif:
        chunks.append(chunk(b"eXIf", metadata.exif[6:]))
    if metadata.xmp:
        chunks.append(_text("XML:com.adobe.xmp", metadata.xmp.decode(errors="replace")))
    return b"".join([*chunks, *(_text(*text) for text in metadata.texts)])


def _text(keyword: str, text: str) -> bytes:
    key = keyword.encode("latin-1", "replace")[:79]
    return chunk(b"iTXt", key + b"\0\0\0\0\0" + text.replace("\0", "").encode(errors="replace"))
