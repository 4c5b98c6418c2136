"""Transparency: not restored, and enlarged with its picture."""

import numpy as np
from PIL import Image


def enlarge_alpha(alpha: np.ndarray, scale: int) -> np.ndarray:
    """(H, W) uint8, uint16 or float32 in [0, 1] -> (scale H, scale W), the same type, bicubic."""
    if scale == 1:
        return alpha
    size = (scale * alpha.shape[1], scale * alpha.shape[0])
    if alpha.dtype == np.uint8:
        return np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BICUBIC))
    deep = np.asarray(Image.fromarray(alpha.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    return np.rint(deep.clip(0, 65535)).astype(np.uint16) if alpha.dtype == np.uint16 else deep.clip(0, 1)
