"""The chunks of a PNG (PNG 3rd edition, §5): walked and checked without decoding a pixel, and made.

Every checksum is tested, since decoders skip some of them and take a PNG without an end for whole.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import IO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIECE = 1 << 20
_MOST_KEPT = 1 << 26  # bytes of all chunks that are kept together
# What says how the numbers are meant as colours, where no profile does.
COLOUR = frozenset({b"gAMA", b"cHRM", b"sRGB", b"cICP"})
_SRGB_POINTS = struct.pack(">8I", 31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)
_CARRIED = COLOUR | {b"iCCP", b"eXIf", b"iTXt", b"zTXt", b"tEXt", b"pHYs"}


@dataclass(frozen=True)
class PngSurvey:
    """What a PNG says beside its pixels. colour: chunks of COLOUR as (name, content). animated: APNG of 2 or more.

    metadata: a PNG of one pixel that carries what this one does, so that any reader of metadata can be asked.
    """

    width: int
    height: int
    bits: int
    colour_type: int
    interlaced: bool
    transparent_colour: bool
    animated: bool
    colour: tuple[tuple[str, bytes], ...]
    metadata: bytes


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def survey_png(file: IO[bytes]) -> PngSurvey:
    """Walk the file from its start to IEND; what stands behind is not looked at. Raises ValueError for any damage."""
    file.seek(0)
    if file.read(8) != SIGNATURE:
        raise ValueError("no PNG signature")
    kept: list[tuple[bytes, bytes]] = []
    kinds: set[bytes] = set()
    frames, room, header = 1, _MOST_KEPT, b""
    while b"IEND" not in kinds:
        head = file.read(8)
        if len(head) < 8:
            raise ValueError("the end is missing")
        length, kind = struct.unpack(">I4s", head)
        keep = kind in _CARRIED or kind in (b"IHDR", b"acTL")
        room -= length if keep else 0
        if room < 0 or length > 0x7FFFFFFF:
            raise ValueError("a chunk of too many bytes")
        data = _checked(file, kind, length, keep)
        if not kinds and (kind != b"IHDR" or length != 13):
            raise ValueError("no header chunk")
        if kind == b"IHDR":
            header = header or data
        elif kind == b"acTL":
            frames = int.from_bytes(data[:4], "big")
        elif keep:
            kept.append((kind, data))
        kinds.add(kind)
    if b"IDAT" not in kinds:
        raise ValueError("no pixels")
    width, height, bits, colour_type, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    return PngSurvey(
        *(width, height, bits, colour_type, bool(interlaced)),
        transparent_colour=b"tRNS" in kinds,
        animated=frames > 1,
        colour=tuple((kind.decode(), data) for kind, data in kept if kind in COLOUR),
        metadata=_one_pixel(kept),
    )


def strays_from_srgb(colour: tuple[tuple[str, bytes], ...]) -> bool:
    """Whether chunks of COLOUR state anything but sRGB, which is what a file without them is taken for."""
    stated = dict(colour)
    if "cICP" in stated:
        return stated["cICP"][:2] != b"\x01\x0d"
    if "sRGB" in stated:
        return False
    gamma = int.from_bytes(stated.get("gAMA", (45_455).to_bytes(4, "big")), "big")
    points = struct.unpack(">8I", stated.get("cHRM", _SRGB_POINTS).ljust(32, b"\0")[:32])
    near = all(abs(a - b) <= 100 for a, b in zip(points, struct.unpack(">8I", _SRGB_POINTS), strict=True))
    return abs(gamma - 45_455) > 100 or not near


def _checked(file: IO[bytes], kind: bytes, length: int, keep: bool) -> bytes:
    pieces, checksum = [], zlib.crc32(kind)
    while length:
        piece = file.read(min(length, _PIECE))
        if not piece:
            raise ValueError("a chunk beyond the end of the file")
        checksum, length = zlib.crc32(piece, checksum), length - len(piece)
        if keep:
            pieces.append(piece)
    if file.read(4) != checksum.to_bytes(4, "big"):
        raise ValueError(f"wrong checksum of chunk {kind.decode(errors='replace')}")
    return b"".join(pieces)


def _one_pixel(kept: list[tuple[bytes, bytes]]) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return SIGNATURE + header + b"".join(chunk(*one) for one in kept) + pixels
