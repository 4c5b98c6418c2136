"""The whole picture at a fixed small size."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

THUMBNAIL = 32
"""Side of a thumbnail in pixels."""


def thumbnail(picture: Tensor) -> Tensor:
    """Average over areas. (B, 3, H, W), any H, W >= 1 -> (B, 3, 32, 32), fp32; the aspect ratio is not kept."""
    return F.adaptive_avg_pool2d(picture.float(), THUMBNAIL)


def thumbnail_of_strips(strip: Callable[[int, int], Tensor], height: int) -> Tensor:
    """`thumbnail` of a picture that need not lie in memory as floats. -> (B, 3, 32, 32), fp32

    strip: rows start to stop of the picture, (B, 3, stop - start, W), asked for from the top down.
    """
    rows = []
    for i in range(THUMBNAIL):
        start, stop = i * height // THUMBNAIL, -(-(i + 1) * height // THUMBNAIL)
        rows.append(F.adaptive_avg_pool2d(strip(start, stop).float(), (1, THUMBNAIL)))
    return torch.cat(rows, 2)
