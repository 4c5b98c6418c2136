"""Which clean pictures a suite is measured on, and how they are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from harmonic.errors import PictureError
from harmonic.images.folder import list_pictures
from harmonic.images.read import read_picture

SetName = Literal["CBSD68", "LIVE1"]
SMALLEST = 11  # pixels a side: SSIM's window


@dataclass(frozen=True)
class PictureSet:
    """A named, ordered set of clean pictures."""

    name: str
    files: tuple[Path, ...]


def find_set(data: Path, preferred: SetName) -> PictureSet:
    """The pictures that `data` means for a suite whose published set is `preferred`.

    data: a folder with the test sets in `test/` (then the published set itself); or any folder of clean pictures,
    a list file (.txt, a path a line, relative to the file), or one picture.
    Raises PictureError if there is none.
    """
    if data.suffix.lower() == ".txt":
        return PictureSet(data.stem, _read_list(data))
    if not (data / "test").is_dir():
        return PictureSet(data.resolve().name, tuple(list_pictures(data)))
    match preferred:
        case "CBSD68":
            return PictureSet("CBSD68", _read_list(data / "test" / "CBSD68.txt"))
        case "LIVE1":
            return PictureSet("LIVE1", tuple(list_pictures(data / "test" / "LIVE1")))


def read_clean(file: Path) -> np.ndarray:
    """(H, W, 3) uint8; grey pictures repeated, transparency ignored. Raises PictureError."""
    colour = read_picture(file).colour
    if min(colour.shape[:2]) < SMALLEST:
        raise PictureError(f"{file}: sides under {SMALLEST} pixels cannot be measured; leave the picture out")
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3)))


def _read_list(file: Path) -> tuple[Path, ...]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PictureError(f"{file}: this list of pictures cannot be read ({error}); check the path") from None
    files = tuple(file.parent / line.strip() for line in lines if line.strip())
    if not files:
        raise PictureError(f"{file}: this list names no pictures; write one path a line")
    return files
