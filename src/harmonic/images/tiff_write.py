"""A TIFF of 8 or 16 bit or 32-bit float, written row by row (TIFF 6.0; BigTIFF above 4 GB), EXIF directories included.

By ourselves because Pillow writes no 16-bit colour, and libvips no EXIF data.
"""

import io
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from harmonic.images.picture import Outline
from harmonic.images.tiff_tags import EXIF, GPS, ICC, INTEROP, IPTC, XMP, Directory, Tag, read_directory

_STRIP = 1 << 18  # bytes of bare pixels in a strip, about
_BIG = (1 << 32) - (1 << 26)  # bytes of bare pixels from which 32-bit offsets may not suffice
Tags = dict[int, "Tag | Tags"]
"""A directory that is to be written; another one stands where the tag is a pointer."""

_SHORT, _LONG, _RATIONAL, _UNDEFINED, _LONG8 = 3, 4, 5, 7, 16


class TiffRows:
    """write: takes the bytes of the file, in order. outline: of the whole picture.

    Deflate; integers as horizontal differences, which makes photographs about a third smaller.
    """

    def __init__(self, write: Callable[[bytes], object], outline: Outline):
        self._outline, self._write, self._big = outline, write, outline.bytes > _BIG
        self._order, self._carried = _tags_of_exif(outline.metadata.exif)
        row = max(outline.bytes // outline.height, 1)
        self._rows_per_strip = max(1, min(_STRIP // row, outline.height))
        self._waiting: list[np.ndarray] = []
        self._offsets: list[int] = []
        self._lengths: list[int] = []
        self._place = 16 if self._big else 8
        write(bytes(self._place))

    def add(self, samples: np.ndarray) -> None:
        """(n, W, 1 to 4), the next n rows."""
        self._waiting.append(samples)
        while sum(map(len, self._waiting)) >= self._rows_per_strip:
            rows = np.concatenate(self._waiting)
            self._waiting = [rows[self._rows_per_strip :]]
            self._strip(rows[: self._rows_per_strip])

    def finish(self) -> bytes:
        """The first bytes of the file as they must be in the end."""
        if rest := sum(map(len, self._waiting)):
            self._strip(np.concatenate(self._waiting)[:rest])
        place = self._append(self._carried | self._described())
        mark = b"II" if self._order == "<" else b"MM"
        version = struct.pack(self._order + "HHH", 43, 8, 0) if self._big else struct.pack(self._order + "H", 42)
        return mark + version + place.data

    def _strip(self, rows: np.ndarray) -> None:
        if rows.dtype != np.float32:
            differences = rows.copy()
            differences[:, 1:] -= rows[:, :-1]
            rows = differences
        data = zlib.compress(rows.astype(f"{self._order}{rows.dtype.kind}{rows.dtype.itemsize}").tobytes())
        self._offsets.append(self._place)
        self._lengths.append(len(data))
        self._put(data)

    def _put(self, data: bytes) -> None:
        data += bytes(len(data) % 2)  # offsets of directories must be even
        self._write(data)
        self._place += len(data)

    def _append(self, tags: Tags) -> Tag:
        """Write a directory, those below it first -> the tag that points to it."""
        flat = {number: self._append(tag) if isinstance(tag, dict) else tag for number, tag in tags.items()}
        offset, count, entry, longest = ("Q", "Q", "HHQ", 8) if self._big else ("I", "H", "HHI", 4)
        place = self._place
        value_place = place + struct.calcsize("<" + count) + len(flat) * (4 + 2 * longest) + longest
        value_place += value_place % 2
        table, values = [struct.pack(self._order + count, len(flat))], b""
        for number, tag in sorted(flat.items()):
            data = tag.data
            if len(data) > longest:
                pointer = struct.pack(self._order + offset, value_place + len(values))
                values += data + bytes(len(data) % 2)
                data = pointer
            table.append(struct.pack(self._order + entry, number, tag.type, tag.count) + data.ljust(longest, b"\0"))
        body = b"".join([*table, bytes(longest)])
        self._put(body.ljust(value_place - place, b"\0") + values)
        return self._tag(_LONG8, place) if self._big else self._tag(_LONG, place)

    def _tag(self, type: int, *values: int) -> Tag:
        code = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}[type]
        return Tag(type, len(values), struct.pack(f"{self._order}{len(values)}{code}", *values))

    def _described(self) -> Tags:
        """What the pixels are, and the metadata that have tags of their own."""
        line, metadata = self._outline, self._outline.metadata
        samples, depth, floats = line.channels + line.alpha, 8 * np.dtype(line.dtype).itemsize, line.dtype == np.float32
        offsets = _LONG8 if self._big else _LONG
        tags: Tags = {
            256: self._tag(_LONG, line.width),
            257: self._tag(_LONG, line.height),
            258: self._tag(_SHORT, *[depth] * samples),
            259: self._tag(_SHORT, 8),
            262: self._tag(_SHORT, 1 if line.channels == 1 else 2),
            273: self._tag(offsets, *self._offsets),
            277: self._tag(_SHORT, samples),
            278: self._tag(_LONG, self._rows_per_strip),
            279: self._tag(offsets, *self._lengths),
            284: self._tag(_SHORT, 1),
            317: self._tag(_SHORT, 1 if floats else 2),
            339: self._tag(_SHORT, *[3 if floats else 1] * samples),
        }
        if line.alpha:
            tags[338] = self._tag(_SHORT, 2)  # not premultiplied
        if metadata.dpi:
            tags |= {282 + i: Tag(_RATIONAL, 1, self._rational(value)) for i, value in enumerate(metadata.dpi)}
            tags[296] = self._tag(_SHORT, 2)
        blocks = {XMP: metadata.xmp, IPTC: metadata.iptc, ICC: metadata.icc}
        return tags | {number: Tag(_UNDEFINED, len(data), data) for number, data in blocks.items() if data}

    def _rational(self, value: float) -> bytes:
        ratio = Fraction(min(value, 1e5)).limit_denominator(10_000)
        return struct.pack(self._order + "II", ratio.numerator, ratio.denominator)


def _tags_of_exif(exif: bytes | None) -> tuple[str, Tags]:
    """EXIF bytes -> (byte order, their directories). The order is kept, so that values and maker notes stay true."""
    if not exif:
        return "<", {}
    file = io.BytesIO(exif[6:])
    first = read_directory(file)

    def below(directory: Directory) -> Tags:
        tags: Tags = dict(directory.tags)
        for pointer in {EXIF, GPS, INTEROP} & set(tags):
            tags[pointer] = below(read_directory(file, directory.number(pointer, 0)))
        return tags

    return first.order, below(first)
