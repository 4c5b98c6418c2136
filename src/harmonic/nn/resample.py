"""MSG paths of seed §8: conv then unshuffle on the way down, shuffle then conv on the way up."""

import torch
from torch import Tensor, nn

from harmonic.ops.shuffle import shuffle, unshuffle


class Downsample(nn.Module):
    """3x3 convolution to a quarter of the outputs, then unshuffle by 2. (B, C, H, W) -> (B, outputs, H/2, W/2)"""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs // 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return unshuffle(self.conv(x), 2)


class Upsample(nn.Module):
    """Shuffle by 2, then 3x3 convolution. (B, C, H, W) -> (B, outputs, 2H, 2W)

    Kernels start as random mixtures of channels times the smoothing [1, 2, 1] x [1, 2, 1] / 16, so that no
    checkerboard is born (Odena et al., Distill 2016).
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs // 4, outputs, 3, padding=1)
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        with torch.no_grad():
            mixture = torch.randn(outputs, inputs // 4, 1, 1) * (inputs // 4) ** -0.5
            self.conv.weight.copy_(2 * mixture * line[:, None] * line[None, :])

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(shuffle(x, 2))


class SkipFusion(nn.Module):
    """Encoder features join the decoder: 1x1 over both. (B, C, H, W) twice -> (B, C, H, W)"""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.conv(torch.cat([x, skip], 1))
