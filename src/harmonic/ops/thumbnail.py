"""The whole picture at a fixed small size."""

import torch.nn.functional as F
from torch import Tensor

THUMBNAIL = 32
"""Side of a thumbnail in pixels."""


def thumbnail(picture: Tensor) -> Tensor:
    """Average over areas. (B, 3, H, W), any H, W >= 1 -> (B, 3, 32, 32), fp32; the aspect ratio is not kept."""
    return F.adaptive_avg_pool2d(picture.float(), THUMBNAIL)
