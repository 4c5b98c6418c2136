"""`FreqFusion` by attention: gated window cross-attention LF ↔ HF (seed §3, design §3.8).

The convolutional twin stands in `fusion.py`. Source of the idea: cross-attention between bands of AdaIR (Cui et al.,
ICLR 2025), here in windows and with bands that are really split.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.attention import MAX_HEAD_WIDTH, Bias
from harmonic.nn.norm import LayerNorm
from harmonic.nn.projection import Projection
from harmonic.ops.attention import attend
from harmonic.ops.window import Windows, from_windows, key_mask, to_windows


class FreqFusionAttention(nn.Module):
    """Each stream asks the other, window by window, and takes what a gate lets through.

    l (B, Cl, H/ratio, W/ratio), h (B, Ch, H, W), any H, W -> the same shapes. Windows are `window` x `window` positions
    of l, and the ratio·window of h above them, counted from the map's corner. h asks the tokens of l; l asks h averaged
    over its cells. Gates start half open, transfers small, attention near: within about one position of l.

    reach = window - 1 positions of l, or ratio·window - 1 of h; grid = window positions of l.
    """

    def __init__(self, low: int, high: int, ratio: int, window: int = 8):
        super().__init__()
        self.ratio = ratio
        self.reach, self.grid = window - 1, window
        self.low_norm, self.high_norm = LayerNorm(low), LayerNorm(high)
        self.low_from_high = WindowCrossAttention(low, high, width=low, ratio=1, window=window)
        self.high_from_low = WindowCrossAttention(high, low, width=low, ratio=ratio, window=window)
        self.low_gate = nn.Conv2d(low + high, low, 1)
        self.high_gate = nn.Conv2d(low + high, high, 1)
        for gate in (self.low_gate, self.high_gate):
            nn.init.zeros_(gate.weight)
            nn.init.zeros_(gate.bias)  # type: ignore[arg-type]

    def forward(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        normal_low, h = self.low_norm(low), self.high_norm(high)
        coarse = F.avg_pool2d(h, self.ratio) if self.ratio > 1 else h
        both = torch.cat([normal_low, coarse], 1)
        new_low = low + self.low_gate(both).sigmoid() * self.low_from_high(normal_low, coarse)
        gate = self.high_gate(both).sigmoid()
        if self.ratio > 1:
            gate = F.interpolate(gate, scale_factor=self.ratio, mode="bilinear", align_corners=False)
        return new_low, high + gate * self.high_from_low(h, normal_low)


class WindowCrossAttention(nn.Module):
    """Tokens of one map ask those of another, `ratio` times coarser, in the window above or below them.

    asking (B, C, ratio·H, ratio·W), asked (B, Ca, H, W), any H, W -> (B, C, ratio·H, ratio·W), ending in a small scale.
    width: channels of queries, keys and values, rounded up to whole heads of at most 32.
    """

    def __init__(self, asking: int, asked: int, width: int, ratio: int, window: int):
        super().__init__()
        heads = -(-width // MAX_HEAD_WIDTH)
        self.head_width = -(-width // heads)
        width = heads * self.head_width
        self.fine, self.coarse = Windows((ratio * window, ratio * window)), Windows((window, window))
        self.query = nn.Conv2d(asking, width, 1)
        self.key_value = nn.Conv2d(asked, 2 * width, 1, bias=False)
        self.bias = CrossBias(heads, ratio, window)
        self.project = Projection(width, asking)

    def forward(self, asking: Tensor, asked: Tensor) -> Tensor:
        q = to_windows(self.query(asking), self.fine)
        k, v = to_windows(self.key_value(asked), self.coarse).chunk(2, -1)
        live = key_mask(asked.shape[-2], asked.shape[-1], self.coarse, asked.device)
        tokens = attend(q, k, v, self.head_width, self.bias(), live)
        return self.project(from_windows(tokens, asking.shape[-2], asking.shape[-1], self.fine))


class CrossBias(Bias):
    """Of fine positions to the coarse ones of their window. -> (heads, (ratio·window)², window²)

    Starts as -d²/2, d in coarse positions, so that attention begins as a smooth interpolation.
    """

    def __init__(self, heads: int, ratio: int, window: int):
        query, key = torch.arange(ratio * window), ratio * torch.arange(window)
        line = key[None, :] - query[:, None] + ratio * window - 1  # (ratio·window, window), from 0
        count = ratio * (2 * window - 1)
        index = line[:, None, :, None] * count + line[None, :, None, :]
        # Distance between the centres of a fine and a coarse position; fine ones lie inside coarse ones.
        distance = (torch.arange(count) - (ratio * window - 1) + (ratio - 1) / 2) / ratio
        near = -(distance[:, None].square() + distance[None, :].square()) / 2
        table = near.flatten().repeat(heads, 1) + 0.02 * torch.randn(heads, count * count)
        super().__init__(table, index.flatten(2).flatten(0, 1))
