"""Gaussian noise as a pure function of (seed, layer, absolute y, absolute x).

No generator, no state: a pixel has the same value in every tile, batch and run. Integer hashing only, in int32 with
wrap-around, which every device and runtime has; then Box and Muller's transform.
Source of the mixer: Wellons' search for 32-bit hashes of low bias ("Hash Function Prospector", 2018).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_START = 0x1E3779B9  # any odd constant: keeps seed 0 away from the mixer's fixed point, 0


@dataclass(frozen=True)
class Noise:
    """Which noise, and where: one seed and one place per picture (or tile) of a batch.

    seed: (B,) int64. origin: (B, 2) int64, absolute (y, x) of the first output pixel, in output pixels.
    """

    seed: Tensor
    origin: Tensor

    def planes(self, layers: int, height: int, width: int) -> Tensor:
        """Standard normal values. -> (B, layers, height, width) fp32"""
        return gaussian_noise(self.seed, self.origin, layers, height, width)


def gaussian_noise(seed: Tensor, origin: Tensor, layers: int, height: int, width: int) -> Tensor:
    """seed (B,), origin (B, 2) as (y, x), int64 -> (B, layers, height, width), standard normal, independent, fp32."""
    low, high = seed.to(torch.int32), (seed >> 32).to(torch.int32)
    y, x = origin.to(torch.int32).unbind(1)
    layer = torch.arange(layers, dtype=torch.int32, device=seed.device)[None, :, None, None]
    y = y[:, None, None, None] + torch.arange(height, dtype=torch.int32, device=seed.device)[:, None]
    x = x[:, None, None, None] + torch.arange(width, dtype=torch.int32, device=seed.device)
    key = _mix(_mix(low ^ _START) ^ high)[:, None, None, None]
    # Two hashes per value: one would make two rows of a large picture permutations of each other now and then.
    radius, angle = (_uniform(_mix(_mix(_mix(key ^ (2 * layer + draw)) ^ y) ^ x)) for draw in (0, 1))
    return (-2 * radius.log()).sqrt() * (2 * math.pi * angle).cos()


def _mix(h: Tensor) -> Tensor:
    """A bijection of 32-bit words in which every input bit flips every output bit with probability 1/2 ± 0.002."""
    h = (h ^ ((h >> 16) & 0xFFFF)) * 0x21F0AAAD
    h = (h ^ ((h >> 15) & 0x1FFFF)) * (0xD35A2D97 - (1 << 32))
    return h ^ ((h >> 15) & 0x1FFFF)


def _uniform(h: Tensor) -> Tensor:
    """The upper 23 bits as the middle of one of 2²³ equal parts of (0, 1): exact in fp32, never 0 or 1."""
    return (((h >> 9) & 0x7FFFFF).float() + 0.5) * 2.0**-23
