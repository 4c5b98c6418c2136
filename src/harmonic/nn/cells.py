"""Local channel attention: gates from one map of cell means, so that tiles stay exact.

Global pooling would make a crop differ from the picture it was cut from (at training and in tiles); means over
absolute cells of 32 input pixels do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.ops.blend import blend_cells

CELL = 32
"""Side of a pooling cell in input pixels."""


@dataclass(frozen=True)
class Cells:
    """Values (B, C, h, w) of cells of side x side positions of a map with `rows` rows; the last end with the map."""

    values: Tensor
    side: int
    rows: int

    def of(self, values: Tensor) -> "Cells":
        """Other values of the same cells."""
        return Cells(values, self.side, self.rows)

    def blend(self, values: Tensor, size: Sequence[int]) -> Tensor:
        """A value per cell at each position of a map of the same picture. (B, C, h, w), size (H, W) -> (B, C, H, W)

        The map is as fine as the one that was pooled, or finer or coarser by a whole factor.
        """
        height, width = size
        side = self.side // (self.rows // height) if height <= self.rows else self.side * (height // self.rows)
        whole = [side * count for count in values.shape[-2:]]
        return blend_cells(values, whole)[..., :height, :width]


def pool_cells(features: Tensor, stride: int) -> Cells:
    """Means of features over cells of 32 input pixels. (B, C, H, W) at `stride` input pixels

    A cell that the map leaves early is the mean of what is there.
    """
    side = CELL // stride
    means = F.avg_pool2d(features, side, ceil_mode=True, count_include_pad=False)
    return Cells(means, side, features.shape[-2])


class CellGate(nn.Module):
    """Channel attention from pooled cells, blended linearly between cell centres; starts at 1 everywhere.

    (B, C, H, W), cells of (B, C0, h, w) -> (B, C, H, W). Where a mixer has a gate, its network pools its features.
    Source: squeeze-and-excitation (Hu et al., CVPR 2018), made local.
    """

    def __init__(self, cell_channels: int, channels: int):
        super().__init__()
        self.gate = nn.Conv2d(cell_channels, channels, 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, cells: Cells | None) -> Tensor:
        assert cells is not None, "a network with channel attention pools its features"
        gate = 2 * self.gate(cells.values).sigmoid()
        return x * cells.blend(gate, x.shape[-2:]).to(x.dtype)
