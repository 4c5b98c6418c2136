"""An excursion to half resolution and back, as a residual (seed §8).

Source: MSG of MoESR (umzi2, 2024). Unlike there, the way up is shuffle, then convolution, without an activation, which
would make the residual one-sided.
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from harmonic.nn.block import Block
from harmonic.nn.cells import Cells
from harmonic.nn.guide import Guide
from harmonic.nn.mixer import Mixer
from harmonic.nn.projection import Projection
from harmonic.nn.resample import Downsample, Upsample


class Excursion(Mixer):
    """3x3 to C/4 and unshuffle by 2, `blocks` at half resolution, shuffle by 2 and 3x3 back.

    (B, C, H, W), C a multiple of 4, H and W even -> same shape. The blocks have C channels: a quarter of the work that
    they would be at full resolution, and twice the reach.
    reach = 2·(sum of the blocks') + 3, grid = 2·(least common multiple of the blocks').
    """

    def __init__(self, channels: int, blocks: Sequence[Block]):
        super().__init__()
        if channels % 4:
            raise ValueError(f"an excursion moves 2x2 positions into channels: multiples of 4, got {channels}")
        # Both 3x3, and up to 1 position from a border of the half-resolution grid.
        self.reach = 2 * sum(block.reach for block in blocks) + 3
        self.grid = 2 * math.lcm(*(block.grid for block in blocks))
        self.down = Downsample(channels, channels)
        self.blocks = nn.ModuleList(blocks)
        self.project = Projection(channels, channels)  # linear as what follows, and a quarter of the work here
        self.up = Upsample(channels, channels)
        nn.init.zeros_(self.up.conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, cells: Cells | None) -> Tensor:
        guide, y = Guide(cells=cells), self.down(x)
        for block in self.blocks:
            y = block(y, guide)
        return self.up(self.project(y))
