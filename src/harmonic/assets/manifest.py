"""What is written down about weights files, so that they can be known and checked without being opened.

Bundled models and those of a release stand in `models.json`, which `benchmarks/cards.py` writes; a pulled one has a
record of the same form beside it.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from harmonic.assets import SUFFIX, bundled_names, manifest_path, model_names, pulled_folder, weights_path
from harmonic.errors import WeightsError
from harmonic.images.atomic import atomic_write

FORMAT = "harmonic-1"


@dataclass(frozen=True)
class Entry:
    """sha256: of the whole file, 64 hex digits. size: bytes. scale: enlargement. url: where a release keeps it."""

    name: str
    sha256: str
    size: int
    scale: int
    task: str
    licence: str
    description: str = ""
    url: str = ""


@dataclass(frozen=True)
class Manifest:
    """bundled: in the package. released: beside it, for `harmonic models pull NAME`."""

    bundled: tuple[Entry, ...] = ()
    released: tuple[Entry, ...] = ()


def read_manifest() -> Manifest:
    """That of the package; empty when it has none. Raises WeightsError when it is damaged."""
    path = manifest_path()
    if not path.exists():
        return Manifest()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(*(tuple(Entry(**entry) for entry in values[part]) for part in ("bundled", "released")))
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: is damaged ({error}); install the package again") from None


def dump_manifest(manifest: Manifest) -> str:
    return json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"


def entries() -> list[Entry]:
    """What is known of the models at hand, sorted by name; those without a record are left out."""
    return [entry for name in model_names() if (entry := entry_of(name)) is not None]


def entry_of(name: str) -> Entry | None:
    """The record of a model at hand; None when it has none, which `harmonic models verify` reports."""
    if name in bundled_names():
        return next((entry for entry in read_manifest().bundled if entry.name == name), None)
    try:
        return Entry(**json.loads(record_path(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def record_path(name: str) -> Path:
    """Where the record of a pulled model stands."""
    return pulled_folder() / f"{name}.json"


def fault(name: str) -> str | None:
    """Why a model is not what its record says, in a few words; None when it is. Raises WeightsError if unknown."""
    known = {entry.name for entry in read_manifest().bundled}
    if name in known and name not in bundled_names():
        return "the file is missing"
    path, entry = weights_path(name), entry_of(name)
    if entry is None:
        return f"{path} has no record of its digest"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return None if found == entry.sha256 else f"{path} has SHA-256 {found}, expected {entry.sha256}"


def described(data: bytes, name: str, url: str = "") -> Entry:
    """The record of the bytes of a weights file, from what they say about themselves.

    Raises ValueError when they are no weights of this package. Tensors are checked when they are loaded.
    """
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + length])
        metadata = json.loads(header["__metadata__"]["harmonic"])
        card = metadata["card"]
        if metadata["format"] != FORMAT:
            raise ValueError(f"its format is {metadata['format']}, expected {FORMAT}")
        return Entry(name, hashlib.sha256(data).hexdigest(), len(data), int(card["config"]["scale"]),
                     str(card["task"]), str(card["licence"]), url=url)  # fmt: skip
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError("it holds no description by this package") from error


def keep(data: bytes, entry: Entry) -> Path:
    """Put a pulled file and its record into the user's data folder -> its path. Raises ResourceError, PictureError.

    The record goes first: a kill between the two leaves a record without a file, which is nothing, or a file that
    differs from its record, which `verify` reports and another pull mends.
    """
    atomic_write(record_path(entry.name), (json.dumps(asdict(entry), indent=1) + "\n").encode())
    path = pulled_folder() / f"{entry.name}{SUFFIX}"
    atomic_write(path, data)
    return path
