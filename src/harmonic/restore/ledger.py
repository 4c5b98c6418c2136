"""The ledger of a folder of results: what was made from what, so that a second run does only what is missing.

One JSON object per line, appended and synced; a torn last line (power cut) is passed over. A result counts as done when
its key, the digest of everything that decides its pixels, is the same and the file still is the one that was written.
The lines of a target in order: `begun`, then `done` or `failed` with the reason, so the ledger lists failures as well.
"""

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from harmonic.errors import ResourceError, UsageError, reason, shown

LEDGER_NAME = "harmonic-ledger.jsonl"


def result_key(source: Path, weights: str, settings: Mapping[str, Any], version: str) -> str | None:
    """SHA-256 of the input's bytes, the weights' digest, the settings and the package's version.

    None when the source cannot be read; reading it as a picture will say why.
    """
    try:
        content = file_digest(source) if source.is_file() else None  # a pipe would be waited for, a device never end
    except OSError:
        content = None
    if content is None:
        return None
    told = {"input": content, "weights": weights, "settings": dict(settings), "version": version}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Ledger:
    """The ledger in `folder`, which is made when it is missing.

    Threads may share it. Raises UsageError when a file stands in the folder's place, ResourceError when the folder
    cannot be written; before any picture is restored.
    """

    def __init__(self, folder: Path):
        self.folder, self._path = folder, folder / LEDGER_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+b")
            self._file.seek(0)
            content = self._file.read()
        except (FileExistsError, NotADirectoryError) as error:
            raise UsageError(f"{shown(folder)}: a file stands in its place; name a folder with -o") from error
        except OSError as error:
            raise ResourceError(f"{shown(folder)}: cannot be written ({reason(error)}); choose another -o") from error
        self._torn = bool(content) and not content.endswith(b"\n")
        self._done: dict[str, dict[str, Any]] = {}
        self._begun: set[str] = set()
        self._failed: set[str] = set()
        self._lock = threading.Lock()
        for line in content.splitlines():
            with suppress(ValueError, KeyError, TypeError):  # torn by a power cut, or edited
                self._note(json.loads(line))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def holds(self, target: Path, key: str) -> bool:
        """Whether `target` is this very result, complete and unchanged."""
        entry = self._done.get(self._name(target), {})
        if entry.get("key") != key:
            return False
        try:
            return file_digest(target) == entry.get("sha256")
        except OSError:
            return False

    def was_begun(self, target: Path) -> bool:
        """Whether a run was killed at this target: a file of that name is then our own, and may be made again."""
        return self._name(target) in self._begun

    def begin(self, source: Path, target: Path) -> None:
        self._append({"state": "begun", "target": self._name(target), "source": str(source)})

    def finish(self, source: Path, target: Path, key: str, details: Mapping[str, Any]) -> None:
        """details: what else is worth knowing, such as tile size and seconds. Raises OSError where target is gone."""
        entry = {"state": "done", "target": self._name(target), "source": str(source), "key": key}
        self._append({**entry, "sha256": file_digest(target), **details})

    def fail(self, source: Path, target: Path, stage: str, why: str) -> None:
        entry = {"state": "failed", "target": self._name(target), "source": str(source)}
        self._append({**entry, "stage": stage, "reason": why})

    def failed_before(self, target: Path) -> bool:
        """Whether the last run that met this target did not get it done."""
        return self._name(target) in self._failed or self.was_begun(target)

    def _name(self, target: Path) -> str:
        return Path(os.path.relpath(target, self.folder)).as_posix()

    def _append(self, entry: dict[str, Any]) -> None:
        with self._lock:
            line = b"\n" * self._torn + json.dumps(entry).encode() + b"\n"
            try:
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                text = f"{shown(self._path)}: cannot be written ({reason(error)}); free some space"
                raise ResourceError(text) from error
            self._torn = False
            self._note(entry)

    def _note(self, entry: dict[str, Any]) -> None:
        target, state = entry["target"], entry["state"]
        if state == "begun":
            self._begun.add(target)
        else:
            self._begun.discard(target)
        if state == "done":
            self._done[target] = entry
        if state == "failed":
            self._failed.add(target)
        else:
            self._failed.discard(target)
