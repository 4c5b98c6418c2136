"""Picture files to train on: which ones a folder or a list names, and their pixels as training takes them.

8 bit, three channels, opaque. Deeper pictures are rounded to 8 bit; a picture with transparent pixels is refused, since
the colours under them were never meant to be seen.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from harmonic.errors import PictureError, UsageError, reason, shown
from harmonic.images.folder import list_pictures
from harmonic.images.formats import by_suffix
from harmonic.images.read import read_picture
from harmonic.train.depth import read_deep

T = TypeVar("T")
R = TypeVar("R")

WORKERS = min(16, os.cpu_count() or 1)


@dataclass(frozen=True)
class Crop:
    """A validation crop: a picture file and a rectangle in it."""

    path: Path
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Decoded:
    """pixels: (H, W, 3) uint8. deep: the file holds more than 8 bit per channel, which were rounded."""

    pixels: np.ndarray
    deep: bool


def training_files(folder: Path) -> list[Path]:
    """Pictures to train on, in an order that depends on names only.

    A folder stands for those that its `train.txt` lists, or for all below it, sorted; a text file (`.txt`) lists
    pictures and folders, a line each, relative to itself; another file stands for itself.
    A folder whose name ends like a picture's (`a.png/`) is returned too, so that reading it reports the mistake.
    Raises PictureError when there is no such path or no picture in a folder, UsageError for a list that names what is
    not there.
    """
    folder = Path(folder)
    if folder.is_file() and folder.suffix.lower() == ".txt":
        entries = _listed(folder, folder.parent)
        return list(dict.fromkeys(p for e in entries for p in (training_files(e) if e.is_dir() else [e])))
    if (folder / "train.txt").is_file():
        return _listed(folder / "train.txt", folder)
    return sorted([*list_pictures(folder), *_folders_named_like_pictures(folder)])


def validation_crops(folder: Path) -> list[Crop]:
    """Crops that `val.txt` lists, a line each: file x y width height. Without that file there are none."""
    listed = Path(folder) / "val.txt"
    if not listed.is_file():
        return []
    crops = []
    for line in read_lines(listed):
        name, *numbers = line.rsplit(maxsplit=4)
        try:
            x, y, width, height = map(int, numbers)
        except ValueError:
            raise UsageError(f"{listed}: expected `file x y width height`, got {line!r}") from None
        crops.append(Crop(_find(listed, folder, [name]), x, y, width, height))
    return crops


def decode(path: Path) -> Decoded:
    """Read one picture. Grey ones get three equal channels. Raises PictureError for what training cannot take."""
    try:
        picture = read_picture(path, deep=False)
        colour, alpha, deep = picture.colour, picture.alpha, False
    except PictureError:
        samples = read_deep(path)
        if samples is None:
            raise
        channels = 3 if samples.shape[2] > 2 else 1
        colour, alpha, deep = (
            samples[..., :channels],
            samples[..., channels] if samples.shape[2] % 2 == 0 else None,
            True,
        )
    if alpha is not None and alpha.min() < 255:
        raise PictureError(f"{shown(path)}: has transparent pixels, whose colours mean nothing; flatten it first")
    return Decoded(np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3))), deep)


def read_rgb(path: Path) -> np.ndarray:
    """(H, W, 3) uint8; grey pictures have three equal channels."""
    return decode(path).pixels


def read_listed_crops(folder: Path) -> list[np.ndarray]:
    """(height, width, 3) uint8 of each of `validation_crops`. Raises UsageError for one beyond its picture."""
    return [_cut(crop) for crop in validation_crops(folder)]


def decoded_or_reason(path: Path, smallest: int) -> Decoded | str:
    """The picture, or the line that says why training leaves it out: broken, or smaller than a crop."""
    try:
        decoded = decode(path)
    except PictureError as error:
        return str(error)
    if min(decoded.pixels.shape[:2]) < smallest:
        height, width = decoded.pixels.shape[:2]
        return f"{shown(path)}: {width}x{height}, smaller than a crop of {smallest} pixels; left out"
    return decoded


def in_order(function: Callable[[T], R], items: Iterable[T], workers: int = WORKERS) -> Iterator[R]:
    """`map` by threads, which decoders let run side by side; at most twice `workers` results are held at a time."""
    source = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        waiting: list[Future[R]] = [pool.submit(function, item) for item in islice(source, 2 * workers)]
        try:
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(function, item) for item in islice(source, 1)]
        finally:
            pool.shutdown(cancel_futures=True)


def in_short(messages: Sequence[str], most: int = 5) -> str:
    """The first messages and how many more there are, on one line."""
    more = f" | and {len(messages) - most} more" if len(messages) > most else ""
    return " | ".join(messages[:most]) + more


def _folders_named_like_pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [
        Path(parent, name)
        for parent, folders, _ in os.walk(folder)
        for name in folders
        if by_suffix(Path(name)) and not name.startswith(".") and "/." not in parent.removeprefix(str(folder))
    ]


def _cut(crop: Crop) -> np.ndarray:
    picture = read_rgb(crop.path)[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
    if min(crop.x, crop.y) < 0 or picture.shape[:2] != (crop.height, crop.width) or not picture.size:
        raise UsageError(f"{shown(crop.path)}: its crop in val.txt reaches beyond the picture; correct the line")
    return picture


def _listed(listed: Path, folder: Path) -> list[Path]:
    """The paths that a list names: the whole line, or its first word where more columns follow."""
    return [_find(listed, folder, [line, line.split()[0]]) for line in read_lines(listed)]


def read_lines(listed: Path) -> list[str]:
    """Lines of a list file without empty ones and comments."""
    try:
        text = listed.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown(listed)}: cannot be read as a list ({reason(error)}); save it as UTF-8") from error
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]


def _find(listed: Path, folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        for candidate in (folder / name, folder.parent / name, folder.parent.parent / name):
            if candidate.exists():
                return candidate
    raise UsageError(f"{shown(listed)}: names {names[0]}, which is not there; correct the list")
