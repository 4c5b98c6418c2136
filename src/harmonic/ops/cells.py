"""Cells of pictures as arrays: cutting to whole ones, and halving by the means of those of 2 x 2 pixels."""

from typing import Literal

import numpy as np


def whole_cells(picture: np.ndarray, side: int) -> np.ndarray:
    """Cut at the right and the bottom to multiples of `side` (P-SR-1). (H, W, ...) -> (H', W', ...), a view"""
    height, width = (length - length % side for length in picture.shape[:2])
    return picture[:height, :width]


def cut_to_centre(picture: np.ndarray, side: int) -> np.ndarray:
    """Cut around the middle to multiples of `side` (P-AIO-2). (H, W, ...) -> (H', W', ...), a view"""
    (top, height), (left, width) = ((length % side // 2, length - length % side) for length in picture.shape[:2])
    return picture[top : top + height, left : left + width]


def halved(plane: np.ndarray, beyond: Literal["edge", "constant"]) -> np.ndarray:
    """Means of 2 x 2 pixels. (H, W) float -> (ceil(H/2), ceil(W/2))

    beyond: what stands behind the last row or column of an odd side, the same again or zeros.
    """
    x = np.pad(plane, [(0, side % 2) for side in plane.shape], mode=beyond)
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4
