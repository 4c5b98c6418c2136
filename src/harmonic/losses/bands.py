"""Structure and texture, weighted apart: the loss of each band (seed §10, design §2's exact split).

Pure functions of (prediction, target), (B, 3, H, W) fp32, H and W multiples of 4, to a scalar.
"""

import torch
from torch import Tensor

from harmonic.losses.pixel import charbonnier
from harmonic.ops.band import cell_mean, low_band

CELL = 4
"""Side in pixels of the cells whose means are the low band."""


def low_band_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Charbonnier between means of cells: nothing within a cell counts."""
    return charbonnier(cell_mean(prediction, CELL), cell_mean(target, CELL))


def high_band_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Charbonnier between what the low bands leave over: the mean of a cell does not count."""
    gap = prediction - target
    high = gap - low_band(gap, CELL)
    return charbonnier(high, high.new_zeros(()))


def laplacian_loss(prediction: Tensor, target: Tensor, levels: int = 3) -> Tensor:
    """L1 over a Laplacian pyramid of exact bands: details of 2, 4, … pixels, then the means left over; each band alike.

    H, W multiples of 2^levels. Source: Laplacian pyramid (Burt and Adelson, 1983), with the band split of design §2.
    """
    gap, terms = prediction - target, []
    for _ in range(levels):
        terms.append((gap - low_band(gap, 2)).abs().mean())
        gap = cell_mean(gap, 2)
    return torch.stack([*terms, gap.abs().mean()]).mean()
