"""A decoded picture and what belongs to it, as plain values; and its way to a PIL image."""

from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Metadata:
    """What a picture carries beside its pixels; None = absent.

    icc: profile bytes, fitting the channel count. exif: bytes beginning with `Exif\\0\\0`, orientation 1, no thumbnail.
    xmp: packet bytes, orientation 1. dpi: horizontal and vertical pixels per inch, finite and positive.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it is meant to be seen (orientation applied), values in its own encoding.

    colour: (H, W, C) uint8, C = 1 (grey) or 3 (RGB). alpha: (H, W) uint8, 255 = opaque; None = no transparency.
    format: Pillow's name of the file format that it came from. notes: what the user should hear, one phrase each.
    """

    colour: np.ndarray
    alpha: np.ndarray | None = None
    format: str = "PNG"
    metadata: Metadata = Metadata()
    notes: tuple[str, ...] = ()


def pixels_to_pil(picture: Picture) -> Image.Image:
    """The pixels alone, as a PIL image of mode L, LA, RGB or RGBA."""
    samples = picture.colour
    if samples.dtype != np.uint8 or samples.ndim != 3 or samples.shape[2] not in (1, 3):
        raise ValueError(f"colour must be (H, W, 1 or 3) uint8, got {samples.shape} {samples.dtype}")
    if picture.alpha is not None:
        samples = np.concatenate([samples, picture.alpha[..., None]], axis=2)
    elif samples.shape[2] == 1:
        samples = samples[..., 0]
    return Image.fromarray(np.ascontiguousarray(samples))


def picture_to_pil(picture: Picture) -> Image.Image:
    """A PIL image of mode L, LA, RGB or RGBA, its metadata in `info` under the names that Pillow uses."""
    image = pixels_to_pil(picture)
    metadata = picture.metadata
    known = {"icc_profile": metadata.icc, "exif": metadata.exif, "xmp": metadata.xmp, "dpi": metadata.dpi}
    image.info.update({key: value for key, value in known.items() if value is not None})
    return image
