"""Local channel attention: gates from one map of cell means, so that tiles stay exact.

Global pooling would make a crop differ from the picture it was cut from (at training and in tiles); means over
absolute cells of 32 input pixels do not.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.ops.blend import blend_cells

CELL = 32
"""Side of a pooling cell in input pixels."""


def pool_cells(features: Tensor, stride: int) -> Tensor:
    """Means of features over cells of 32 input pixels. (B, C, H, W) at `stride` input pixels -> (B, C, H', W')"""
    return F.avg_pool2d(features, CELL // stride)


class CellGate(nn.Module):
    """Channel attention from pooled cells, blended linearly between cell centres; starts at 1 everywhere.

    (B, C, H, W), cells (B, C0, h, w) -> (B, C, H, W). Where a mixer has a gate, its network pools its features.
    Source: squeeze-and-excitation (Hu et al., CVPR 2018), made local.
    """

    def __init__(self, cell_channels: int, channels: int):
        super().__init__()
        self.gate = nn.Conv2d(cell_channels, channels, 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, cells: Tensor | None) -> Tensor:
        assert cells is not None, "a network with channel attention pools its features"
        gate = 2 * self.gate(cells).sigmoid()
        return x * blend_cells(gate, x.shape[-2:]).to(x.dtype)
