"""Textures for tests: samples of one random texture, and blurred copies."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def sample(seed: int, side: int = 64, batch: int = 1, amplitude: float = 0.3, angle: float | None = None) -> Tensor:
    """Grain of about four pixels on mid-grey, alike in statistics for every seed. -> (batch, 3, side, side)

    angle: stripes of that direction in radians instead of grain.
    """
    noise = torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(seed))
    if angle is None:
        return 0.5 + amplitude * (blurred(noise, 0.7) - blurred(noise, 1.6))
    position = torch.arange(-5.0, 6.0)
    across = position * math.sin(angle) + position[:, None] * math.cos(angle)
    wave = torch.cos(across * math.pi / 2) * torch.exp(-(position**2 + position[:, None] ** 2) / 12)
    wave = (wave - wave.mean()) / 8
    return 0.5 + amplitude * F.conv2d(F.pad(noise, (5, 5, 5, 5), mode="circular"), wave.expand(3, 1, -1, -1), groups=3)


def blurred(x: Tensor, sigma: float) -> Tensor:
    """Gaussian of `sigma` pixels, borders joined. Same shape"""
    reach = math.ceil(3 * sigma)
    position = torch.arange(-reach, reach + 1.0)
    line = torch.exp(-(position**2) / (2 * sigma * sigma))
    line = (line / line.sum()).expand(x.shape[1], 1, 1, -1)
    x = F.pad(x, (reach, reach, reach, reach), mode="circular")
    return F.conv2d(F.conv2d(x, line, groups=x.shape[1]), line.transpose(2, 3), groups=x.shape[1])
