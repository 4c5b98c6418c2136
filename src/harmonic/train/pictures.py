"""Training pictures: a folder, read once into memory as uint8."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harmonic.errors import PictureError, UsageError
from harmonic.images.folder import list_pictures
from harmonic.images.read import read_picture


@dataclass(frozen=True)
class Crop:
    """A validation crop: a picture file and a rectangle in it."""

    path: Path
    x: int
    y: int
    width: int
    height: int


def training_files(folder: Path) -> list[Path]:
    """Pictures to train on: those that `train.txt` lists, or all of the folder, sorted."""
    listed = folder / "train.txt"
    if listed.is_file():
        return [_find(folder, line.split()[0]) for line in _lines(listed)]
    return list_pictures(folder)


def validation_crops(folder: Path) -> list[Crop]:
    """Crops that `val.txt` lists, a line each: file x y width height. Without that file there are none."""
    listed = folder / "val.txt"
    if not listed.is_file():
        return []
    crops = []
    for line in _lines(listed):
        name, *numbers = line.split()
        try:
            x, y, width, height = map(int, numbers)
        except ValueError:
            raise UsageError(f"{listed}: expected `file x y width height`, got {line!r}") from None
        crops.append(Crop(_find(folder, name), x, y, width, height))
    return crops


def read_rgb(path: Path) -> np.ndarray:
    """(H, W, 3) uint8; grey pictures have three equal channels."""
    colour = read_picture(path).colour
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3)))


def read_all(files: list[Path], smallest: int) -> tuple[list[np.ndarray], list[str]]:
    """Decode all files -> pictures (H, W, 3) uint8 and the messages of those left out (broken, or too small)."""

    def read(path: Path) -> np.ndarray | str:
        try:
            picture = read_rgb(path)
        except PictureError as error:
            return str(error)
        if min(picture.shape[:2]) < smallest:
            return f"{path}: smaller than a crop of {smallest} pixels; left out"
        return picture

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(read, files))
    return [r for r in results if not isinstance(r, str)], [r for r in results if isinstance(r, str)]


def _lines(listed: Path) -> list[str]:
    """Lines of a list file without empty ones and comments."""
    return [line for line in map(str.strip, listed.read_text().splitlines()) if line and not line.startswith("#")]


def _find(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder.parent / name, folder.parent.parent / name):
        if candidate.is_file():
            return candidate
    raise UsageError(f"{folder}: the list names {name}, which is not there")
