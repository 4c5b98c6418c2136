"""Directories of a TIFF, and of EXIF data, which are a TIFF within: tags with the bytes of their values.

Read by ourselves because Pillow cuts depth in silence and cannot open every float picture at all. TIFF 6.0, BigTIFF.
"""

import struct
from dataclasses import dataclass, field
from typing import IO

NEW_SUBFILE, WIDTH, HEIGHT, BITS, PHOTOMETRIC = 254, 256, 257, 258, 262
ORIENTATION, SAMPLES, EXTRA, FORMAT = 274, 277, 338, 339
XMP, IPTC, EXIF, ICC, GPS, INTEROP = 700, 33723, 34665, 34675, 34853, 40965

# Bytes and struct code by TIFF type; rationals are two numbers, and what is no number stays bytes.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_LONGEST = 1 << 26  # bytes of one value; more is an attack, not a tag
_MOST_PAGES, _MOST_TAGS = 4096, 1 << 18  # of a chain; more is an attack on our time


@dataclass(frozen=True)
class Tag:
    """type: of TIFF 6.0. data: bytes of all values, in the byte order of the file that they came from."""

    type: int
    count: int
    data: bytes


@dataclass(frozen=True)
class Directory:
    """One directory. order: `<` or `>`. place: its offset in the file. next: that of the next one, 0 = none.

    count: of all its tags, read or not.
    """

    order: str
    big: bool
    place: int
    next: int
    count: int
    tags: dict[int, Tag] = field(repr=False)

    def numbers(self, tag: int, default: tuple[float, ...] = ()) -> tuple[float, ...]:
        """The values of a tag; rationals as quotients, 0 where the denominator is 0. Texts and bytes: default."""
        found = self.tags.get(tag)
        if found is None:
            return default
        if found.type in (5, 10):
            parts = struct.unpack(f"{self.order}{2 * found.count}{'I' if found.type == 5 else 'i'}", found.data)
            return tuple(a / b if b else 0.0 for a, b in zip(parts[::2], parts[1::2], strict=True))
        code = _CODES.get(found.type)
        return struct.unpack(f"{self.order}{found.count}{code}", found.data) if code else default

    def number(self, tag: int, default: int) -> int:
        return int(next(iter(self.numbers(tag)), default))


def read_directory(file: IO[bytes], place: int | None = None, only: frozenset[int] | None = None) -> Directory:
    """The directory at `place`, None = the first one, with all its tags or `only` these. Raises ValueError."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
    if not order or len(head) < 8:
        raise ValueError("no TIFF header")
    big = struct.unpack(order + "H", head[2:4])[0] == 43
    if place is None:
        place = int(_unpack(order + ("Q" if big else "I"), head[8:] if big else head[4:8])[0])
    file.seek(place)
    (count,) = _unpack(order + ("Q" if big else "H"), file.read(8 if big else 2))
    if count > 65_535:
        raise ValueError("a TIFF directory of too many tags")
    width = 20 if big else 12
    body, link = file.read(count * width), file.read(8 if big else 4)
    (following,) = _unpack(order + ("Q" if big else "I"), link) if link else (0,)
    tags = {}
    for start in range(0, count * width, width):
        number, kind, values, value = _unpack(order + ("HHQ8s" if big else "HHI4s"), body[start : start + width])
        if (only is None or number in only) and kind in _SIZES:
            tags[number] = Tag(kind, values, _value(file, values * _SIZES[kind], value, order))
    return Directory(order, big, place, following, count, tags)


@dataclass(frozen=True)
class Pages:
    """places: offset of each page's directory by its place in the chain. reduced: whether reduced copies are among."""

    places: dict[int, int]
    reduced: bool


def read_pages(file: IO[bytes]) -> Pages:
    """The directories that are pages of their own; reduced copies (pyramid, thumbnail) are none.

    Raises ValueError when the chain is damaged, runs in a circle, or has more than 4,096 links or 262,144 tags.
    """
    places: dict[int, int] = {}
    seen: set[int] = set()
    place, tags = None, 0
    while place != 0:
        directory = read_directory(file, place, frozenset({NEW_SUBFILE}))
        tags += directory.count
        if directory.place in seen:
            raise ValueError("a chain of TIFF directories that runs in a circle")
        if len(seen) == _MOST_PAGES or tags > _MOST_TAGS:
            raise ValueError(f"more than {_MOST_PAGES:,} pages, or {_MOST_TAGS:,} tags in them")
        if not places or not 1 & directory.number(NEW_SUBFILE, 0):
            places[len(seen)] = directory.place
        seen.add(directory.place)
        place = directory.next
    return Pages(places, len(places) < len(seen))


def _value(file: IO[bytes], length: int, field: bytes, order: str) -> bytes:
    if length <= len(field):
        return field[:length]
    if length > _LONGEST:
        raise ValueError("a TIFF tag of too many bytes")
    (place,) = struct.unpack(order + ("Q" if len(field) == 8 else "I"), field)
    file.seek(place)
    data = file.read(length)
    if len(data) < length:
        raise ValueError("a TIFF tag beyond the end of the file")
    return data


def _unpack(code: str, data: bytes) -> tuple:
    try:
        return struct.unpack(code, data)
    except struct.error:
        raise ValueError("a TIFF directory beyond the end of the file") from None
