"""`FreqFusion` by scanning: both streams run through one state space (seed §3, design §3.8).

Source: the exchange between a convolutional and a state-space stream in ConvMambaSR (Remote Sensing 2024), whose fused
features reach one of the streams only; here each takes from the other, position by position along rows and columns.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.norm import LayerNorm
from harmonic.nn.projection import Projection
from harmonic.nn.scan import LineScan

HEAD_WIDTH = 16
"""Channels, at most, that share a decay."""


class FreqFusionScan(nn.Module):
    """Each stream takes what a gate lets through of one scan over the tokens of both, l, h, l, h, … along each line.

    l (B, Cl, H/ratio, W/ratio), h (B, Ch, H, W), averaged over the cells of l -> the same shapes. Strips of `strip`
    tokens, strip / 2 positions of l, start at absolute multiples. Gates start half open, transfers small.

    reach = strip / 2 - 1 positions of l, + 1 where what h takes is spread between cell centres; grid = strip / 2.
    """

    def __init__(self, low: int, high: int, ratio: int, states: int = 8, strip: int = 16):
        super().__init__()
        if strip % 2:
            raise ValueError(f"a strip holds pairs of tokens, so it must be even, got {strip}")
        heads = -(-low // HEAD_WIDTH)
        width = heads * -(-low // heads)
        self.ratio = ratio
        self.reach, self.grid = strip // 2 - 1 + int(ratio > 1), strip // 2
        self.low_norm, self.high_norm = LayerNorm(low), LayerNorm(high)
        self.rows, self.columns = LineScan(heads, states, strip, 0), LineScan(heads, states, strip, 0)
        self.widths = [width, self.rows.drives, self.columns.drives]
        self.low_tokens, self.high_tokens = (nn.Conv2d(c, sum(self.widths), 1) for c in (low, high))
        self.norm = LayerNorm(width)
        self.low_gate, self.high_gate = nn.Conv2d(low + high, low, 1), nn.Conv2d(low + high, high, 1)
        self.low_project, self.high_project = Projection(width, low), Projection(width, high)
        for gate in (self.low_gate, self.high_gate):
            nn.init.zeros_(gate.weight)
            nn.init.zeros_(gate.bias)  # type: ignore[arg-type]

    def forward(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        normal_low, coarse = self.low_norm(low), self.high_norm(high)
        coarse = F.avg_pool2d(coarse, self.ratio) if self.ratio > 1 else coarse
        for_low, for_high = self._scanned(self.low_tokens(normal_low), self.high_tokens(coarse))
        both = torch.cat([normal_low, coarse], 1)
        lift = self.high_gate(both).sigmoid() * self.high_project(for_high)
        if self.ratio > 1:
            lift = F.interpolate(lift, scale_factor=self.ratio, mode="bilinear", align_corners=False)
        return low + self.low_gate(both).sigmoid() * self.low_project(for_low), high + lift

    def _scanned(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens of both streams, (B, ·, H, W) each -> what they read along rows and columns, (B, width, H, W) each"""
        pairs = torch.stack([low.permute(0, 2, 3, 1), high.permute(0, 2, 3, 1)], 3)  # (B, H, W, 2, ·)
        values, rows, columns = pairs.split(self.widths, -1)
        y = _along(self.rows, values, rows)
        y = y + _along(self.columns, values.transpose(1, 2), columns.transpose(1, 2)).transpose(1, 2)
        for_low, for_high = (self.norm(part.permute(0, 3, 1, 2)) for part in y.unbind(3))
        return for_low, for_high


def _along(scan: LineScan, values: Tensor, drive: Tensor) -> Tensor:
    """Scan lines of pairs. (B, lines, L, 2, ·) -> (B, lines, L, 2, width)"""
    return scan(values.flatten(2, 3), drive.flatten(2, 3)).unflatten(2, (-1, 2))
