"""A private folder for uploads and finished results. Every name in it is ours; it goes when the service ends."""

import secrets
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from harmonic.images.formats import READABLE, SNIFFED_BYTES, Format, foreign_kind, sniff
from harmonic.serve.refusal import Refusal


class Spool:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="harmonic-"))  # mode 0700

    def take(self, upload: BinaryIO) -> tuple[Path, Format]:
        """An upload -> (its file here, its format by the first bytes). Raises Refusal 415."""
        form = kind_of(upload.read(SNIFFED_BYTES))
        upload.seek(0)
        path = self.new(form.suffixes[0])
        with path.open("xb") as file:
            shutil.copyfileobj(upload, file, 1 << 20)
        return path, form

    def new(self, suffix: str) -> Path:
        return self.folder / f"{secrets.token_hex(16)}{suffix}"

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def kind_of(head: bytes) -> Format:
    """The format that the first bytes announce. Raises Refusal 415 for none of ours, 400 for nothing at all."""
    if not head:
        raise Refusal(400, "bad_parameter", "picture: is empty (0 bytes); send a picture")
    if form := sniff(head):
        return form
    kind = foreign_kind(head)
    seen = f"holds {kind}, which is not read" if kind else "is not a picture of a known format"
    raise Refusal(415, "unsupported_type", f"picture: {seen}; send {READABLE}")
