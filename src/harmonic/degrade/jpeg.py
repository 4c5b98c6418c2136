"""JPEG compression as a degradation: encode and decode with Pillow's libjpeg(-turbo), baseline defaults."""

from io import BytesIO
from typing import Literal

import numpy as np
from PIL import Image


def jpeg(picture: np.ndarray, quality: int, subsampling: Literal["4:2:0", "4:4:4"]) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W, 3) uint8, as a reader of the file sees it. quality: 1–100."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=subsampling)
    file.seek(0)
    return np.asarray(Image.open(file))
