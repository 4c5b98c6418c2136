"""Values of cells at every position, without steps between cells: gates, proportions, styles."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def blend_cells(cells: Tensor, size: Sequence[int]) -> Tensor:
    """Blend linearly between the centres of cells, the two nearest per axis. (B, C, h, w), size (H, W) -> (B, C, H, W)

    Beyond the outermost centres a cell's value stands alone.
    """
    return F.interpolate(cells, size=size, mode="bilinear", align_corners=False)
