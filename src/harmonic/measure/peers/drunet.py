"""DRUNet's layout as the plain convolutional peer: dense 3x3 pairs in a U-Net, no norm, no gates, no attention.

Source: Zhang et al., "Plug-and-Play Image Restoration with Deep Denoiser Prior", TPAMI 2021 (arXiv:2008.13751), written
anew from the paper. Blind: without its noise map. One kindness to it: what it predicts is added to the picture.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """3x3, ReLU, 3x3, added to the input. (B, C, H, W) -> same shape."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class DRUNet(nn.Module):
    """x (B, 3, H, W) -> same shape, fp32. The defaults are the published widths and depth, 32.6 M parameters."""

    def __init__(self, channels: int = 64, blocks: int = 4, levels: int = 4):
        super().__init__()
        widths = [channels * 2**level for level in range(levels)]
        self.multiple = 2 ** (levels - 1)
        self.head = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.encoder = nn.ModuleList(_stage(c, blocks) for c in widths)
        self.down = nn.ModuleList(nn.Conv2d(c, 2 * c, 2, 2, bias=False) for c in widths[:-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, 2, bias=False) for c in reversed(widths[:-1]))
        self.decoder = nn.ModuleList(_stage(c, blocks) for c in reversed(widths[:-1]))
        self.tail = nn.Conv2d(channels, 3, 3, padding=1, bias=False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple), mode="replicate")
        padded = padded.contiguous(memory_format=torch.channels_last)
        features, skips = self.head(padded), []
        head = features
        for stage, down in zip(self.encoder, self.down, strict=False):  # the last stage has nothing below it
            features = stage(features)
            skips.append(features)
            features = down(features)
        features = self.encoder[-1](features)
        for up, stage in zip(self.up, self.decoder, strict=True):
            features = stage(up(features) + skips.pop())
        return (padded + self.tail(features + head).float())[..., :height, :width]


def _stage(channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))
