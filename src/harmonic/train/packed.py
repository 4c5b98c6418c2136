"""A packed file: decoded pictures one after the other, mapped into memory instead of read: a run starts at once.

    magic | pixels of each picture, rows of RGB, uint8 | index, JSON | length and CRC-32 of the index, 12 bytes | magic

The index comes last, so that packing needs memory for a few pictures only. It names every picture with its shape,
place, CRC-32 and the SHA-256 of the file that it came from; by the latter, a pack that is older than its pictures is
refused.

Mapping has a price: whoever cuts the file short in place while a run uses it ends that run (SIGBUS). `pack` does not:
it renames a new file over the old one, and the run keeps the old.
"""

import json
import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from io import BufferedWriter
from pathlib import Path
from typing import Any

import numpy as np

from harmonic.errors import HarmonicError, ResourceError, UsageError, reason, shown
from harmonic.restore.ledger import file_digest
from harmonic.train.pictures import (
    Decoded,
    decoded_or_reason,
    in_order,
    read_listed_crops,
    training_files,
    validation_crops,
)

MAGIC = b"HARMONIC-PACK-1\n"
_FAMILY = b"HARMONIC-PACK-"
_TAIL = struct.Struct("<QI")


@dataclass(frozen=True)
class Entry:
    """One picture of the index. name: its file; crop: it is for validation. size, modified, sha256: of its file."""

    name: str
    height: int
    width: int
    offset: int
    crc32: int
    crop: bool = False
    size: int = 0
    modified: int = 0
    sha256: str = ""


@dataclass(frozen=True, eq=False)
class Packed:
    """pictures, crops: (H, W, 3) uint8, read-only, mapped. names: their files. left_out: lines on bad files."""

    pictures: list[np.ndarray]
    names: list[str]
    crops: list[np.ndarray] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def is_packed(path: Path) -> bool:
    """Whether a file announces itself as packed, by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(_FAMILY)) == _FAMILY
    except OSError:
        return False


def open_packed(path: Path) -> Packed:
    """Map a packed file, read once to compare the checksums (2 GB/s a core).

    Raises UsageError when it is no packed file, is cut, has changed bytes, or is older than its pictures. Where their
    folder is not at hand, as on another machine, age cannot be told and is not asked.
    """
    index, data = _mapped(path)
    entries = [Entry(**entry) for entry in index["entries"]]
    pictures = [_view(data, entry) for entry in entries]
    sums = list(in_order(lambda picture: zlib.crc32(picture.data), pictures))
    for entry, found in zip(entries, sums, strict=True):
        if found != entry.crc32:
            raise UsageError(f"{shown(path)}: is damaged at {entry.name}; {_again(index)}")
    for name in _outdated(index, entries):
        raise UsageError(f"{shown(path)}: is older than its pictures ({shown(name)} is not as it was); {_again(index)}")
    return Packed(
        pictures=[p for p, e in zip(pictures, entries, strict=True) if not e.crop],
        names=[e.name for e in entries if not e.crop],
        crops=[p for p, e in zip(pictures, entries, strict=True) if e.crop],
        left_out=[line for _, line in index["left_out"]],
    )


def pack(
    folders: Sequence[Path],
    target: Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, list[str]]:
    """Decode training pictures and validation crops of folders or lists into `target` -> count, lines on bad ones.

    Written under a name of its own (`.NAME.part`), synced, renamed; a kill leaves the old file or none. Raises
    UsageError when the target exists and `overwrite` is False, when no picture is usable or a list is wrong;
    PictureError for no such folder; ResourceError when the target cannot be written.
    """
    if target.exists() and not (overwrite and target.is_file()):
        remedy = "name another file" if target.is_dir() else "add --overwrite, or name another file"
        raise UsageError(f"{shown(target)}: exists already; {remedy}")
    files = list(dict.fromkeys(path for folder in folders for path in training_files(folder)))
    crops = [crop for folder in folders for crop in read_listed_crops(folder)]
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(MAGIC)
            entries, left_out = _write_pictures(file, files, progress)
            entries += [_written(file, crop, Entry(f"crop {i}", 0, 0, 0, 0, crop=True)) for i, crop in enumerate(crops)]
            if len(entries) == len(crops):
                first = left_out[0][1]
                raise UsageError(f"{shown(target)}: none of {len(files)} pictures can be packed; the first: {first}")
            index = json.dumps(
                {
                    "folders": [os.fspath(folder.resolve()) for folder in folders],
                    "entries": [asdict(entry) for entry in entries],
                    "left_out": left_out,
                    "crops": _crops(folders),
                }
            ).encode()
            file.write(index + _TAIL.pack(len(index), zlib.crc32(index)) + MAGIC)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise ResourceError(f"{shown(target)}: cannot be written ({reason(error)}); choose another -o") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return len(entries) - len(crops), [line for _, line in left_out]


def _write_pictures(
    file: BufferedWriter, files: Sequence[Path], progress: Callable[[int, int], None] | None
) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Append all that can be decoded -> their entries, and (file, reason) of the others."""
    entries: list[Entry] = []
    left_out: list[tuple[str, str]] = []
    for number, (result, entry) in enumerate(in_order(_source, files), start=1):
        if isinstance(result, Decoded):
            entries.append(_written(file, result.pixels, entry))
        else:
            left_out.append((entry.name, result))
        if progress:
            progress(number, len(files))
    return entries, left_out


def _source(path: Path) -> tuple[Decoded | str, Entry]:
    """The picture or why there is none, and an entry that knows its file only."""
    name = os.fspath(path.resolve())
    result = decoded_or_reason(path, smallest=1)
    if isinstance(result, str):
        return result, Entry(name, 0, 0, 0, 0)
    try:
        state, digest = path.stat(), file_digest(path)
    except OSError as error:  # taken away since it was decoded
        return f"{shown(path)}: cannot be read ({reason(error)})", Entry(name, 0, 0, 0, 0)
    return result, Entry(name, 0, 0, 0, 0, size=state.st_size, modified=state.st_mtime_ns, sha256=digest)


def _written(file: BufferedWriter, pixels: np.ndarray, entry: Entry) -> Entry:
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).data
    placed = replace(entry, height=height, width=width, offset=file.tell(), crc32=zlib.crc32(data))
    file.write(data)
    return placed


def _mapped(path: Path) -> tuple[dict[str, Any], mmap.mmap]:
    """The index, checked against the size of the file, and the file's bytes."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise UsageError(f"{shown(path)}: cannot be read as a packed file ({reason(error)})") from error
    again = "pack the pictures again"
    if data[: len(MAGIC)] != MAGIC:
        other = "was packed by another version" if data[: len(_FAMILY)] == _FAMILY else "is no packed file"
        raise UsageError(f"{shown(path)}: {other}; {again}")
    end = len(data) - len(MAGIC) - _TAIL.size
    if end < len(MAGIC) or data[end + _TAIL.size :] != MAGIC:
        raise UsageError(f"{shown(path)}: is cut short; {again}")
    length, crc32 = _TAIL.unpack(data[end : end + _TAIL.size])
    text = data[max(end - length, 0) : end]
    if zlib.crc32(text) != crc32:
        raise UsageError(f"{shown(path)}: its index is damaged; {again}")
    index = json.loads(text)
    pixels = sum(3 * entry["height"] * entry["width"] for entry in index["entries"])
    if pixels != end - length - len(MAGIC):
        raise UsageError(f"{shown(path)}: holds {end - length - len(MAGIC)} bytes of {pixels}; {again}")
    return index, data


def _view(data: mmap.mmap, entry: Entry) -> np.ndarray:
    samples = np.frombuffer(data, np.uint8, 3 * entry.height * entry.width, entry.offset)
    return samples.reshape(entry.height, entry.width, 3)


def _outdated(index: dict[str, Any], entries: Sequence[Entry]) -> Iterator[str]:
    """Files that are new, gone or changed since they were packed; none when their folders are not at hand."""
    packed = {entry.name: entry for entry in entries if not entry.crop}
    known = packed.keys() | {name for name, _ in index["left_out"]}
    folders = [Path(folder) for folder in index["folders"]]
    try:
        found = {os.fspath(path.resolve()): path for folder in folders for path in training_files(folder)}
        crops = _crops(folders)
    except HarmonicError:
        return
    yield from sorted(found.keys() ^ known)
    yield from (name for name, path in found.items() if name in packed and _changed(path, packed[name]))
    if crops != index["crops"]:
        yield "val.txt"


def _crops(folders: Sequence[Path]) -> list[list[str | int]]:
    """What val.txt asks for, in the form of the index."""
    crops = [crop for folder in folders for crop in validation_crops(folder)]
    return [[os.fspath(crop.path.resolve()), crop.x, crop.y, crop.width, crop.height] for crop in crops]


def _changed(path: Path, entry: Entry) -> bool:
    state = path.stat()
    if (state.st_size, state.st_mtime_ns) == (entry.size, entry.modified):
        return False
    return state.st_size != entry.size or file_digest(path) != entry.sha256


def _again(index: dict[str, Any]) -> str:
    return f"run harmonic data pack {' '.join(map(shown, index['folders']))} with --overwrite again"
