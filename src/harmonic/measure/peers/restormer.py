"""Restormer as a yardstick, written from the paper: Zamir et al., CVPR 2022 (arXiv:2111.09881)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.norm import LayerNorm


class ChannelAttention(nn.Module):
    """MDTA: attention between channels over the whole map, after a depthwise 3x3. (B, C, H, W) -> same shape"""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.depthwise = nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=False)
        self.project = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        qkv = self.depthwise(self.qkv(x)).reshape(B, 3, self.heads, C // self.heads, H * W)
        q, k, v = qkv.unbind(1)
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        return self.project((scores.softmax(-1).to(v.dtype) @ v).reshape(B, C, H, W))


class GatedFFN(nn.Module):
    """GDFN: 1x1, depthwise 3x3, GELU gate, 1x1."""

    def __init__(self, channels: int, ratio: float):
        super().__init__()
        hidden = int(ratio * channels)
        self.expand = nn.Conv2d(channels, 2 * hidden, 1, bias=False)
        self.depthwise = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.project = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.depthwise(self.expand(x)).chunk(2, 1)
        return self.project(F.gelu(a) * b)


class TransformerBlock(nn.Module):
    def __init__(self, channels: int, heads: int, ratio: float):
        super().__init__()
        self.norm1, self.attention = LayerNorm(channels), ChannelAttention(channels, heads)
        self.norm2, self.ffn = LayerNorm(channels), GatedFFN(channels, ratio)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class Restormer(nn.Module):
    """x (B, 3, H, W) -> same shape, fp32. Defaults: the published 26 M parameters.

    Sides are padded to whole steps, as its test scripts do. shrink: side of the squares of pixels that the stem takes
    together; above 1 it is a kindness to narrow forms, which at full resolution are all memory traffic.
    """

    def __init__(
        self,
        channels: int = 48,
        blocks: tuple[int, int, int, int] = (4, 6, 6, 8),
        refinement: int = 4,
        heads: tuple[int, int, int, int] = (1, 2, 4, 8),
        ratio: float = 2.66,
        shrink: int = 1,
    ):
        super().__init__()
        self.multiple = 8 * shrink
        widths = [channels * 2**i for i in range(4)]

        def stage(width: int, count: int, head_count: int) -> nn.Sequential:
            return nn.Sequential(*(TransformerBlock(width, head_count, ratio) for _ in range(count)))

        embed = nn.Conv2d(3 * shrink**2, channels, 3, padding=1, bias=False)
        self.embed = nn.Sequential(nn.PixelUnshuffle(shrink), embed)
        self.encoder = nn.ModuleList(stage(*sizes) for sizes in zip(widths[:3], blocks[:3], heads[:3], strict=True))
        self.down = nn.ModuleList(halved(width) for width in widths[:3])
        self.latent = stage(widths[3], blocks[3], heads[3])
        self.up = nn.ModuleList(doubled(width) for width in widths[1:])
        self.reduce = nn.ModuleList(nn.Conv2d(2 * width, width, 1, bias=False) for width in widths[1:3])
        # The finest stage keeps both halves of its concatenation.
        decoder = [stage(2 * channels, blocks[0], heads[0])]
        decoder += [stage(widths[i], blocks[i], heads[i]) for i in (1, 2)]
        self.decoder = nn.ModuleList(decoder)
        self.refinement = stage(2 * channels, refinement, heads[0])
        out = nn.Conv2d(2 * channels, 3 * shrink**2, 3, padding=1, bias=False)
        self.out = nn.Sequential(out, nn.PixelShuffle(shrink))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple), mode="replicate")
        y, skips = self.embed(x), []
        for stage, down in zip(self.encoder, self.down, strict=True):
            y = stage(y)
            skips.append(y)
            y = down(y)
        y = self.latent(y)
        for i in (2, 1, 0):
            y = torch.cat([self.up[i](self.enriched(y, i)), skips[i]], 1)
            if i:
                y = self.reduce[i - 1](y)
            y = self.decoder[i](y)
        return (self.out(self.refinement(y)).float() + x)[..., :height, :width]

    def enriched(self, y: Tensor, level: int) -> Tensor:
        """The features that leave the stage below `level` (0 is the finest); a place for what others add there."""
        return y


def halved(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, width // 2, 3, padding=1, bias=False), nn.PixelUnshuffle(2))


def doubled(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1, bias=False), nn.PixelShuffle(2))
