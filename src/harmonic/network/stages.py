"""Stages of the U-Net: canonical blocks in a row, at one resolution (seed §13)."""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from harmonic.nn.block import Block
from harmonic.nn.guide import Guide
from harmonic.nn.resample import SkipFusion
from harmonic.ops.shuffle import unshuffle


class InputEmbed(nn.Module):
    """Overlapping patch embedding. (B, 3, H, W) -> (B, C, H/stride, W/stride)

    Under autocast the picture goes in as two terms, coarse + fine: bf16 alone has 8 bits, fewer than a picture, and
    that rounding was half of what bf16 did to a result (docs/log.md).
    """

    def __init__(self, channels: int, stride: int):
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(3 * stride * stride, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = unshuffle(x, self.stride) if self.stride > 1 else x
        if not torch.is_autocast_enabled(x.device.type):
            return self.conv(x)
        coarse = x.to(torch.get_autocast_dtype(x.device.type))
        weight = self.conv.weight
        return F.conv2d(torch.cat([coarse, (x - coarse).to(coarse.dtype)], 1), torch.cat([weight, weight], 1),
                        self.conv.bias, padding=1)  # fmt: skip


class Stage(nn.ModuleList):
    """Canonical blocks at one resolution. x (B, C, H, W), guide -> (B, C, H, W)

    reach and grid: of all blocks in a row, in positions of their map. checkpointing: in training, activations within a
    block are computed again for the backward pass instead of being kept (Chen et al., 2016).
    """

    checkpointing = False

    def __init__(self, blocks: Iterable[Block]):
        super().__init__(blocks)
        self.reach, self.grid = extent(self)

    def forward(self, x: Tensor, guide: Guide) -> Tensor:
        for block in self:
            if self.checkpointing and self.training:
                x = checkpoint(block, x, guide, use_reentrant=False)
            else:
                x = block(x, guide)
        return x


class StageEnc(Stage):
    """Encoder stage."""


class Bottleneck(Stage):
    """The coarsest stage, of any blocks that a `BlockSpec` names."""


class StageDec(nn.Module):
    """Decoder stage: the skip joins, then canonical blocks. x, skip (B, C, H, W), guide -> (B, C, H, W)"""

    def __init__(self, channels: int, blocks: Iterable[Block]):
        super().__init__()
        self.skip = SkipFusion(channels)
        self.blocks = Stage(blocks)

    def forward(self, x: Tensor, skip: Tensor, guide: Guide) -> Tensor:
        return self.blocks(self.skip(x, skip), guide)


def extent(blocks: Iterable[nn.Module]) -> tuple[int, int]:
    """Reach, the sum, and grid, the least common multiple, of blocks in a row, in positions of their map."""
    reaches, grids = zip(*((block.reach, block.grid) for block in blocks), strict=True) if blocks else ((), ())
    return sum(reaches), math.lcm(*grids)
