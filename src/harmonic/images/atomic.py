"""One file written so that its name always stands for a complete file or for nothing, also after kill -9.

Temporary file in the same folder, flush, fsync, read back, rename, fsync of the folder. Used for pictures, weights,
training states and JSON alike. No Pillow here.
"""

import contextlib
import errno
import os
import re
import secrets
import socket
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

from harmonic.errors import PictureError, ResourceError, reason, shown

_CHUNK = 1 << 20
_TEMPORARY = re.compile(r"\..*\.harmonic-(\d+)-([0-9a-f]{4})[0-9a-f]{8}\.tmp", re.DOTALL)
# Troubles that the next file will meet as well; all others (a name too long, a folder that may not be written to) cost
# this file only.
_WHOLE_RUN = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE}


class Sink:
    """Takes the bytes of a file in order; its first ones may be set anew in the end, where formats point to what
    follows. Keeps a checksum, so that the file can be compared with what was written."""

    def __init__(self, file: IO[bytes]):
        self._file, self._start, self._length, self._checksum = file, b"", 0, 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._length += len(data)
        if self._start:
            self._checksum = zlib.crc32(data, self._checksum)
        else:
            self._start = bytes(data)

    def rewrite_start(self, data: bytes) -> None:
        """Set the first bytes anew, at most those of the first `write`."""
        assert len(data) <= len(self._start)
        self._file.seek(0)
        self._file.write(data)
        self._start = data + self._start[len(data) :]

    def read_back(self, path: Path) -> None:
        """Re-open the file and compare: some network folders report a full disk only now. Raises OSError."""
        with path.open("rb") as file:
            same, length, checksum = file.read(len(self._start)) == self._start, len(self._start), 0
            while chunk := file.read(_CHUNK):
                length, checksum = length + len(chunk), zlib.crc32(chunk, checksum)
        if not same or (length, checksum) != (self._length, self._checksum):
            raise OSError(errno.EIO, "the file reads back different from what was written")


def atomic_write(target: Path, data: bytes, overwrite: bool = True) -> None:
    """Write `data` to `target`; all else as in `atomic_stream`."""
    with atomic_stream(target, overwrite) as sink:
        sink.write(data)


@contextlib.contextmanager
def atomic_stream(target: Path, overwrite: bool = True) -> Iterator[Sink]:
    """A sink whose bytes become the file `target` when the block ends well; else everything is as before. Missing
    folders are made. Mode and owner are those of a plain write: umask for a new file, unchanged for an existing one; a
    symbolic link is followed.

    Raises FileExistsError when the target exists and `overwrite` is False (also when it appears meanwhile),
    ResourceError for a full or read-only disk, PictureError when only this name or folder cannot be written.
    """
    try:
        real = Path(os.path.realpath(target))
        real.parent.mkdir(parents=True, exist_ok=True)
        if real.exists() and not real.is_file():
            raise IsADirectoryError(errno.EISDIR, "not a regular file")
        if not overwrite and real.exists():  # the common case, before work; the race is decided in _publish
            raise FileExistsError(errno.EEXIST, "exists", str(target))
        _sweep_once(real.parent)
        temporary = real.parent / _temporary_name(real.name)
        try:
            # 0o666 less the umask: what a plain open() gives. Helpers for temporary files give 0o600, which others
            # cannot read.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(temporary, flags, 0o666), "wb") as file:
                sink = Sink(file)
                yield sink
                file.flush()
                os.fsync(file.fileno())
            sink.read_back(temporary)
            if overwrite:
                _copy_mode(real, temporary)
                temporary.replace(real)
            else:
                _publish(temporary, real)
            _sync_folder(real.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError as error:
        if not target.exists():  # mkdir met a file where a folder should be
            raise PictureError(f"{shown(target)}: a file stands where its folder should be; choose another") from error
        raise
    except OSError as error:
        kind = ResourceError if error.errno in _WHOLE_RUN else PictureError
        remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "choose another output"
        raise kind(f"{shown(target)}: cannot be written ({reason(error)}); {remedy}") from error


def remove_orphans(folder: Path) -> None:
    """Delete temporaries that dead processes of this machine left in `folder`; no other file is touched."""
    if os.name != "posix":  # elsewhere os.kill(pid, 0) is no mere question
        return
    for name in os.listdir(folder):  # noqa: PTH208 - names suffice, and folders of pictures are large
        match = _TEMPORARY.fullmatch(name)
        if match and match[2] == _machine() and not _alive(int(match[1])):
            with contextlib.suppress(OSError):  # another process may be cleaning as well
                (folder / name).unlink()


_sweep_once = lru_cache(1024)(remove_orphans)  # folders of results may be large, and listing them takes long


def _temporary_name(name: str) -> str:
    """`.NAME.harmonic-PID-RAND.tmp`, at most 255 bytes; RAND begins with the mark of this machine, because process
    numbers say nothing about other machines that share the folder."""
    kept = name.encode(errors="surrogateescape")[:180].decode(errors="ignore")
    return f".{kept}.harmonic-{os.getpid()}-{_machine()}{secrets.token_hex(4)}.tmp"


def _machine() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()) & 0xFFFF:04x}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it lives, and belongs to somebody else
        return True
    return True


def _copy_mode(real: Path, temporary: Path) -> None:
    try:
        old = real.stat()
    except FileNotFoundError:
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):  # only root may give files away
            os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(old.st_mode & 0o7777)


def _publish(temporary: Path, real: Path) -> None:
    """Give the file its name unless the name is taken; the system decides, so no second writer can slip between."""
    try:
        os.link(temporary, real)
    except FileExistsError:
        raise
    except OSError:  # no hard links here (FAT, some network folders): reserve the name, then replace our reservation
        os.close(os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        temporary.replace(real)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere folders cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
