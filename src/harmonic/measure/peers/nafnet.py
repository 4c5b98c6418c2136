"""NAFNet, the yardstick of speed and the plainest strong peer.

Source: Chen et al., "Simple Baselines for Image Restoration", ECCV 2022, written anew from the paper. One kindness to
it: LayerNorm goes through a channels-last view, which is faster on a CPU than the authors' own form.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.block import product_gate
from harmonic.nn.norm import LayerNorm


class NAFBlock(nn.Module):
    """(B, C, H, W) -> same shape."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm(channels), LayerNorm(channels)
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.depthwise = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.attention = nn.Conv2d(channels, channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)
        self.ffn1, self.ffn2 = nn.Conv2d(channels, 2 * channels, 1), nn.Conv2d(channels, channels, 1)
        self.beta = nn.Parameter(torch.zeros(channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = product_gate(self.depthwise(self.expand(self.norm1(x))))
        y = y * self.attention(y.mean((2, 3), keepdim=True))
        x = x + self.project(y) * self.beta.to(y.dtype)
        return x + self.ffn2(product_gate(self.ffn1(self.norm2(x)))) * self.gamma.to(y.dtype)


class NAFNet(nn.Module):
    """U-Net of NAF blocks. x (B, 3, H, W) -> same shape, fp32. The defaults are NAFNet-w32, 29.2 M parameters."""

    def __init__(
        self,
        width: int = 32,
        encoder: tuple[int, ...] = (2, 2, 4, 8),
        middle: int = 12,
        decoder: tuple[int, ...] = (2, 2, 2, 2),
    ):
        super().__init__()
        widths = [width * 2**level for level in range(len(encoder) + 1)]
        self.multiple = 2 ** len(encoder)
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.encoder = nn.ModuleList(_stage(c, n) for c, n in zip(widths, encoder, strict=False))
        self.down = nn.ModuleList(nn.Conv2d(c, 2 * c, 2, 2) for c in widths[:-1])
        self.middle = _stage(widths[-1], middle)
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, 2 * c, 1, bias=False), nn.PixelShuffle(2)) for c in reversed(widths[1:])
        )
        self.decoder = nn.ModuleList(_stage(c, n) for c, n in zip(reversed(widths[:-1]), decoder, strict=True))
        self.tail = nn.Conv2d(width, 3, 3, padding=1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple))
        padded = padded.contiguous(memory_format=torch.channels_last)
        features, skips = self.head(padded), []
        for stage, down in zip(self.encoder, self.down, strict=True):
            features = stage(features)
            skips.append(features)
            features = down(features)
        features = self.middle(features)
        for up, stage in zip(self.up, self.decoder, strict=True):
            features = stage(up(features) + skips.pop())
        return (padded + self.tail(features).float())[..., :height, :width]


def _stage(channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(NAFBlock(channels) for _ in range(blocks)))
