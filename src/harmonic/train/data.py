"""Training data as the loop takes them: folders, lists or packed files -> pictures in memory or mapped, and crops.

A bad picture is left out and named, never a reason to stop, unless strictness is asked for.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from harmonic.errors import PictureError, UsageError
from harmonic.train.packed import is_packed, open_packed
from harmonic.train.pictures import (
    Decoded,
    decoded_or_reason,
    in_order,
    in_short,
    read_listed_crops,
    training_files,
)

Data = str | Path | Sequence[str | Path]
"""A folder, a list (`.txt`), a packed file, or several of them."""


def read_training(
    data: Data, smallest: int, *, strict: bool = False, say: Callable[[str], None] | None = None
) -> tuple[list[np.ndarray], list[str]]:
    """All pictures (H, W, 3) uint8, sides of at least `smallest`, and one line for each that is left out.

    Decoded ones are in memory, packed ones mapped and read-only. `say` hears once how many were rounded to 8 bit.
    Raises UsageError when a path, a list, a packed file or all of the pictures cannot be used, and with `strict` when a
    single one cannot.
    """
    pictures: list[np.ndarray] = []
    left_out: list[str] = []
    deep = 0
    for source in sources(data):
        if is_packed(source):
            packed = open_packed(source)
            left_out += packed.left_out
            for name, picture in zip(packed.names, packed.pictures, strict=True):
                if min(picture.shape[:2]) >= smallest:
                    pictures.append(picture)
                else:
                    left_out.append(f"{name}: smaller than a crop of {smallest} pixels; left out")
            continue
        try:
            files = training_files(source)
        except PictureError as error:  # no such path, or no picture in it: here that ends the command
            raise UsageError(str(error)) from error
        for result in in_order(lambda path: decoded_or_reason(path, smallest), files):
            if isinstance(result, Decoded):
                pictures.append(result.pixels)
                deep += result.deep
            else:
                left_out.append(result)
    if deep and say:
        say(f"{deep} pictures of more than 8 bit per channel were rounded to 8 bit")
    if left_out and (strict or not pictures):
        raise UsageError(_refusal(data, left_out, len(pictures)))
    return pictures, left_out


def read_validation(data: Data) -> list[np.ndarray]:
    """The crops (height, width, 3) uint8 that `val.txt` of each folder lists, or that were packed with the pictures.

    Raises UsageError for a crop that reaches beyond its picture, PictureError for a picture that cannot be read.
    """
    crops: list[np.ndarray] = []
    for source in sources(data):
        crops += open_packed(source).crops if is_packed(source) else read_listed_crops(source)
    return crops


def sources(data: Data) -> list[Path]:
    """One path or several, as several."""
    return [Path(data)] if isinstance(data, str | Path) else [Path(source) for source in data]


def _refusal(data: Data, left_out: Sequence[str], good: int) -> str:
    name = ", ".join(map(str, sources(data)))
    return f"{name}: {len(left_out)} of {len(left_out) + good} pictures cannot be used: {in_short(left_out)}"
