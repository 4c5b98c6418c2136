"""Pictures of more than 8 bit per channel, reduced to 8. `images` reads them whole with its extra; training reads them
without the extra.

Pillow opens 16-bit colour as its high bytes, which rounds down. The low bytes come from reading the file once more with
the other byte order, so the value is whole and rounded properly.
"""

import sys
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from harmonic.images.metadata import metadata_of
from harmonic.images.pixels import eight_bit, upright
from harmonic.images.read import MOST_PIXELS

_OTHER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}  # N: libtiff gives the machine's own


def read_deep(path: Path) -> np.ndarray | None:
    """(H, W, 1 to 4) uint8, upright, of a PNG, TIFF, PPM or AVIF of 10 to 16 bit; None when it is none, or damaged.

    16-bit values v become 255 v / 65535, rounded half up. Float and 32-bit pictures are not read: their range is free.
    """
    try:
        with path.open("rb") as file:
            image = _opened(file)
            if getattr(image, "n_frames", 1) > 1 or image.width * image.height > MOST_PIXELS:
                return None
            samples = _samples(image, file)
            orientation = metadata_of(image)[1]
    except Exception:  # the reader of `images` has said already what is wrong with this file
        return None
    return None if samples is None else upright(samples.reshape(*samples.shape[:2], -1), orientation)


def _opened(file: IO[bytes]) -> Image.Image:
    file.seek(0)
    return Image.open(file, formats=("PNG", "TIFF", "PPM", "AVIF"))


def _samples(image: Image.Image, file: IO[bytes]) -> np.ndarray | None:
    tile = image.tile[0] if getattr(image, "tile", ()) else None  # pyright: ignore[reportAttributeAccessIssue]
    raw = None if tile is None else tile.args if isinstance(tile.args, str) else tile.args[0]
    if image.mode.startswith("I;16"):
        return eight_bit(np.asarray(image))
    if image.format == "PPM" and image.mode == "I":  # Pillow scales any largest value to 65535
        return eight_bit(np.asarray(image).astype(np.uint16))
    if image.format in ("AVIF", "PPM"):  # rounded by the decoder
        return np.asarray(image.convert("RGBA") if image.has_transparency_data else image)
    if tile is None or not isinstance(raw, str) or ";16" not in raw or "a" in raw:
        return None
    high = np.asarray(image)
    again = _opened(file)
    if raw == "LA;16B":  # its four bytes as they are: grey and alpha, high and low
        again.tile = [tile._replace(args="RGBA")]  # pyright: ignore[reportAttributeAccessIssue]
        return eight_bit(np.ascontiguousarray(np.asarray(again)).view(">u2"))
    other = raw[:-1] + _OTHER[raw[-1]]
    args = other if isinstance(tile.args, str) else (other, *tile.args[1:])
    again.tile = [t._replace(args=args if t.args == tile.args else (other, *t.args[1:])) for t in again.tile]  # pyright: ignore[reportAttributeAccessIssue]
    return eight_bit(high.astype(np.uint16) << 8 | np.asarray(again))
