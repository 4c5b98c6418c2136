"""A decoded picture and what belongs to it, as plain values; and its way to a PIL image."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from harmonic.errors import PictureError


@dataclass(frozen=True)
class Metadata:
    """What a picture carries beside its pixels; None or empty = absent.

    icc: profile bytes, fitting the channel count. exif: bytes beginning with `Exif\\0\\0`, orientation 1, no thumbnail.
    xmp: packet bytes, orientation 1. dpi: horizontal and vertical pixels per inch, finite and positive.
    iptc: IPTC-IIM records. texts: keyword and text of PNG text chunks; a JPEG's comment is named `Comment`.
    png_colour: the chunks gAMA, cHRM, sRGB and cICP of a PNG without a profile, name and content.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    iptc: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()
    png_colour: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Outline:
    """All of a picture but its pixels. channels: of colour, 1 or 3. dtype: of the samples, as in `Picture`."""

    height: int
    width: int
    channels: int
    alpha: bool
    dtype: type[np.generic]
    format: str = "PNG"
    metadata: Metadata = Metadata()
    notes: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Size of the bare pixels."""
        samples = self.channels + self.alpha
        return self.height * self.width * samples * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it is meant to be seen (orientation applied), values in its own encoding, not premultiplied.

    colour: (H, W, C), C = 1 (grey) or 3 (RGB); uint8, uint16, or float32 of any finite range, as its file has it.
    alpha: (H, W) of the same type, 255, 65535 or 1.0 = opaque; None = no transparency.
    format: Pillow's name of the file format that it came from. notes: what the user should hear, one phrase each.
    """

    colour: np.ndarray
    alpha: np.ndarray | None = None
    format: str = "PNG"
    metadata: Metadata = Metadata()
    notes: tuple[str, ...] = ()

    @property
    def outline(self) -> Outline:
        height, width, channels = self.colour.shape
        dtype = self.colour.dtype.type
        return Outline(height, width, channels, self.alpha is not None, dtype, self.format, self.metadata, self.notes)


def joined(colour: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Colour (h, w, 1 or 3), alpha (h, w) or None -> samples (h, w, 1 to 4) as files hold them."""
    return colour if alpha is None else np.concatenate([colour, alpha[..., None]], axis=2)


def refuse_beyond_pil(picture: Picture) -> None:
    """Raises PictureError for deep colour or deep transparency, which a PIL image cannot hold."""
    if picture.colour.dtype != np.uint8 and (picture.colour.shape[2] > 1 or picture.alpha is not None):
        kind = f"{picture.colour.dtype} colour or transparency"
        raise PictureError(f"a PIL image cannot hold {kind}; have it written to a file instead")


def pixels_to_pil(picture: Picture) -> Image.Image:
    """The pixels alone, as a PIL image of mode L, LA, RGB or RGBA; deep grey as I;16 or F.

    Raises PictureError as `refuse_beyond_pil` does.
    """
    colour, alpha = picture.colour, picture.alpha
    if colour.dtype not in (np.uint8, np.uint16, np.float32) or colour.ndim != 3 or colour.shape[2] not in (1, 3):
        raise ValueError(f"colour must be (H, W, 1 or 3) uint8, uint16 or float32, got {colour.shape} {colour.dtype}")
    refuse_beyond_pil(picture)
    samples = joined(colour, alpha)
    return Image.fromarray(np.ascontiguousarray(samples[..., 0] if samples.shape[2] == 1 else samples))


def picture_to_pil(picture: Picture) -> Image.Image:
    """A PIL image as `pixels_to_pil` makes it, its metadata in `info` under the names that Pillow uses."""
    image = pixels_to_pil(picture)
    metadata = picture.metadata
    known = {"icc_profile": metadata.icc, "exif": metadata.exif, "xmp": metadata.xmp, "dpi": metadata.dpi}
    image.info.update({key: value for key, value in known.items() if value is not None})
    return image
