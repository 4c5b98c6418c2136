"""A private folder for uploads and results. Every name in it is ours; it goes when the service ends."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fastapi.responses import FileResponse

from harmonic.images.formats import READABLE, SNIFFED_BYTES, Format, foreign_kind, sniff
from harmonic.serve.headers import Receive, Scope, Send
from harmonic.serve.refusal import Refusal

_MOST_UNTAKEN = 1 << 30  # bytes of answers


class Spool:
    """Its files are written by any thread, its answers sent by the event loop."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="harmonic-"))  # mode 0700
        self._untaken = 0

    def take(self, upload: BinaryIO) -> tuple[Path, Format]:
        """An upload -> (its file here, its format by the first bytes). Raises Refusal 415, OSError for a full disk."""
        form = kind_of(upload.read(SNIFFED_BYTES))
        upload.seek(0)
        with self._new(form.suffixes[0]) as (path, file):
            shutil.copyfileobj(upload, file, 1 << 20)
        return path, form

    def keep(self, data: bytes, suffix: str) -> Path:
        """A result -> its file here. Raises OSError for a full disk."""
        with self._new(suffix) as (path, file):
            file.write(data)
        return path

    def refuse_if_full(self) -> None:
        """Raises Refusal 429 while clients leave too much of what they asked for untaken."""
        if self._untaken > _MOST_UNTAKEN:
            raise Refusal(429, "busy", "too many answers wait to be taken; try again soon", 5)

    def answer(self, path: Path, media_type: str, headers: dict[str, str] | None = None) -> FileResponse:
        """A file of ours as an answer; it goes when it was sent, or when its client has left."""
        return _Passing(self, path, media_type, headers)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _new(self, suffix: str) -> Iterator[tuple[Path, BinaryIO]]:
        """A new file to be written, which is gone again when the block fails."""
        self.folder.mkdir(mode=0o700, exist_ok=True)  # what cleans up old temporary files may have taken it
        number, name = tempfile.mkstemp(suffix, dir=self.folder)
        try:
            with os.fdopen(number, "wb") as file:
                yield Path(name), file
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class _Passing(FileResponse):
    """On disk, and not in memory, since clients may take their time."""

    def __init__(self, spool: Spool, path: Path, media_type: str, headers: dict[str, str] | None):
        stat = path.stat()
        super().__init__(path, media_type=media_type, headers=headers, stat_result=stat)
        self._spool, self._bytes = spool, stat.st_size
        spool._untaken += stat.st_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._spool._untaken -= self._bytes
            Path(self.path).unlink(missing_ok=True)


def kind_of(head: bytes) -> Format:
    """The format that the first bytes announce. Raises Refusal 415 for none of ours, 400 for nothing at all."""
    if not head:
        raise Refusal(400, "bad_parameter", "picture: is empty (0 bytes); send a picture")
    if form := sniff(head):
        return form
    kind = foreign_kind(head)
    seen = f"holds {kind}, which is not read" if kind else "is not a picture of a known format"
    raise Refusal(415, "unsupported_type", f"picture: {seen}; send {READABLE}")
