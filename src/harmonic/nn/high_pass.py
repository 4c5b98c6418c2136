"""Learned high-pass features (seed §3: edge and gradient aware)."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SEEDS = (
    ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),  # Sobel, horizontal
    ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),  # Sobel, vertical
    ((0, -1, 0), (-1, 4, -1), (0, -1, 0)),  # Laplacian
    ((-1, 2, -1), (2, -4, 2), (-1, 2, -1)),  # diagonal detail
)


class HighPass(nn.Module):
    """3x3 kernels whose sum is zero whatever the training does. (B, 3, H, W) -> (B, channels, H, W), fp32.

    Start as Sobel and Laplacian kernels on random colour mixtures. Flat areas give exactly nothing.
    beyond: what lies around the picture. "zeros" are an edge as high as the picture is bright, "edge" is none: its
    outermost pixels go on (docs/decisions/0011).
    """

    def __init__(self, channels: int, beyond: Literal["zeros", "edge"] = "zeros"):
        super().__init__()
        self.padding: Literal["constant", "replicate"] = "constant" if beyond == "zeros" else "replicate"
        seeds = torch.tensor(_SEEDS, dtype=torch.float32)
        seeds = seeds / seeds.abs().sum((1, 2), keepdim=True) * 2
        seeds = seeds.repeat(-(-channels // len(_SEEDS)), 1, 1)[:channels]
        colours = torch.full((channels, 3), 1 / 3) + 0.3 * torch.randn(channels, 3) * (
            torch.arange(channels)[:, None] >= len(_SEEDS)
        )
        self.weight = nn.Parameter(colours[:, :, None, None] * seeds[:, None])

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            weight = self.weight - self.weight.mean((2, 3), keepdim=True)
            return F.conv2d(F.pad(x.float(), [1] * 4, mode=self.padding), weight.float())
