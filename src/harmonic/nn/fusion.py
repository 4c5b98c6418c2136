"""`FreqFusion`: the only place where the structure stream l and the texture stream h meet (seed §3, design §3.8).

This file holds the convolutional twin of the gated cross-attention.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FreqFusion(nn.Module):
    """Each stream takes from the other what a gate lets through.

    l (B, Cl, H/ratio, W/ratio), h (B, Ch, H, W) -> the same shapes. l is spread over its cells for h; h is averaged
    over cells for l. Gates start half open, transfers small.

    reach = 1 position of l where l is spread between the centres of its cells, else 0; grid = 1.
    """

    def __init__(self, low: int, high: int, ratio: int):
        super().__init__()
        self.ratio = ratio
        self.reach, self.grid = (1 if ratio > 1 else 0), 1
        self.low_value = nn.Conv2d(high, low, 1)
        self.low_gate = nn.Conv2d(low + high, low, 1)
        self.high_value = nn.Conv2d(low, high, 1)
        self.high_gate = nn.Conv2d(low + high, high, 1)
        for value in (self.low_value, self.high_value):
            nn.init.normal_(value.weight, std=0.02)

    def forward(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        coarse = F.avg_pool2d(high, self.ratio) if self.ratio > 1 else high
        both = torch.cat([low, coarse], 1)
        new_low = low + self.low_gate(both).sigmoid() * self.low_value(coarse)
        lift = self.high_gate(both).sigmoid() * self.high_value(low)
        if self.ratio > 1:
            lift = F.interpolate(lift, scale_factor=self.ratio, mode="bilinear", align_corners=False)
        return new_low, high + lift
