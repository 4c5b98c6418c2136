"""What a header says without decoding, to plan with; reading the picture decides for good."""

import warnings
from pathlib import Path

from PIL import ExifTags, Image


def upright_size(source: Path) -> tuple[int, int] | None:
    """Width and height as seen, from the header alone; None for what is no picture or only our reader can open."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
            return (image.height, image.width) if turned else (image.width, image.height)
    except Exception:  # Pillow raises half a dozen classes on damaged files; reading it as a picture says why
        return None


def is_opaque(source: Path) -> bool:
    """Whether there is no transparency for sure."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source) as image:
            return image.mode in ("L", "RGB", "YCbCr", "I;16", "I;16B") and "transparency" not in image.info
    except Exception:  # as above
        return False
