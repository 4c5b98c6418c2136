"""The decoding process as the service uses it: bounds on memory, CPU and time, and refusals that name no path."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmonic.errors import PictureError, shown
from harmonic.images.apart import Apart
from harmonic.images.picture import Picture
from harmonic.serve.refusal import Refusal

_BYTES_PER_PIXEL = 24  # of address space: the file's pixels up to four times, as libraries and we copy them
_SPARE = 256 << 20  # for threads' stacks, tables of codecs, and the file itself


@dataclass(frozen=True)
class Look:
    """What a header tells. table: 64 numbers, the luma quantisation of a JPEG."""

    width: int
    height: int
    table: tuple[int, ...] | None = None

    @property
    def pixels(self) -> int:
        return self.width * self.height


class Decoder:
    """One process, one file at a time; callable from any thread. seconds: for one file, of CPU and on the clock."""

    def __init__(self, max_pixels: int, seconds: float):
        self.max_pixels = max_pixels
        self.apart = Apart(seconds, _SPARE + _BYTES_PER_PIXEL * max_pixels)

    def look(self, path: Path, form: str) -> Look:
        """The size that the header of a file tells; form: Pillow's name of its format. Raises Refusal 422."""
        asked: dict[str, Any] = {
            "task": "look", "path": str(path), "format": form, "max_pixels": self.max_pixels,
        }  # fmt: skip
        try:
            look = self.apart.ask(asked, _look)
        except PictureError as error:
            raise _refusal(error, path) from error
        if look.pixels > self.max_pixels:
            size = f"{look.width}x{look.height} = {look.pixels / 1e6:,.1f} megapixels"
            text = f"picture: {size}, over the limit of {self.max_pixels / 1e6:,.1f} megapixels; shrink it first"
            raise Refusal(422, "image_too_large", text)
        return look

    def decode(self, path: Path) -> Picture:
        """Raises Refusal 422."""
        try:
            return self.apart.read(path, max_pixels=self.max_pixels)
        except PictureError as error:
            raise _refusal(error, path) from error


def _look(told: dict[str, Any], _: object) -> Look:
    table = told.get("table")
    return Look(int(told["width"]), int(told["height"]), tuple(map(int, table)) if table else None)


def _refusal(error: PictureError, path: Path) -> Refusal:
    """The name on disk is ours and says nothing to the client."""
    return Refusal(422, "decode_failed", f"picture: {str(error).removeprefix(f'{shown(path)}: ')}")
