"""Lossy compression as a degradation: encode and decode with Pillow's libjpeg(-turbo) and libwebp, their defaults."""

from io import BytesIO
from typing import Any, Literal

import numpy as np
from PIL import Image


def jpeg(picture: np.ndarray, quality: int, subsampling: Literal["4:2:0", "4:4:4"]) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W, 3) uint8, as a reader of the file sees it. Baseline; quality: 1–100."""
    return _through(picture, "JPEG", quality=quality, subsampling=subsampling)


def webp(picture: np.ndarray, quality: int) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W, 3) uint8. Lossy, with chroma at half resolution; quality: 0–100; sides to 16,383."""
    return _through(picture, "WEBP", quality=quality)


def _through(picture: np.ndarray, form: str, **options: Any) -> np.ndarray:
    file = BytesIO()
    Image.fromarray(picture).save(file, form, **options)
    file.seek(0)
    return np.asarray(Image.open(file))
