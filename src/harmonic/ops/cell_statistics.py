"""What can be measured on a cell of a degraded picture, for the router of the experts (seed §4, design §3.7).

Fixed filters, no parameters, no global operation. All figures but the mean grey are logarithms, of grey levels of 255
or of a ratio of them, so that doubling is about the same step anywhere.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from harmonic.ops.local_quality import local_quality, quality_features

STATISTICS = ("fine", "middle", "coarse", "level", "noise", "sharpness", "blocks")
"""Channels: energy of details of 2, 4 and 8 pixels, mean grey, noise, sharpness without it, JPEG's block grid."""

# Mean and spread over cells of 16 and 32 pixels of 16 validation crops, each clean, with noise 5 to 50, blur 1 and 2,
# blur and noise, and JPEG 10 to 80.
_MEAN = (4.6, 4.9, 5.1, 0.46, 1.8, 3.1, 0.1)
_SPREAD = (1.5, 1.5, 1.5, 0.21, 1.2, 0.92, 0.38)

BLOCK = 8
"""Side of a JPEG block in pixels."""


def cell_statistics(x: Tensor, cell: int) -> Tensor:
    """x (B, 3, H, W), H and W multiples of `cell`, itself a multiple of 8 -> (B, 7, H/cell, W/cell), fp32

    Blocks are looked for on the 8-pixel grid that starts at the corner; a file that was cropped otherwise shows none.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.float()
        grey = x.mean(1, keepdim=True)
        energies = [torch.log1p(_LEVELS * energy) for energy in _band_energies(grey, cell)]
        quality = quality_features(local_quality(x, cell))
        return torch.cat([*energies, F.avg_pool2d(grey, cell), quality, _block_contrast(grey, cell)], 1)


def standardise(statistics: Tensor) -> Tensor:
    """Mean 0 and spread 1 over typical cells. (B, 7, h, w) -> same shape"""
    mean, spread = (statistics.new_tensor(v)[:, None, None] for v in (_MEAN, _SPREAD))
    return (statistics - mean) / spread


_LEVELS = 255.0**2


def _band_energies(grey: Tensor, cell: int) -> list[Tensor]:
    """Mean squares of Haar details of three octaves, finest first: whole within a cell. (B, 1, h, w) each"""
    energies = []
    for level in range(3):
        coarser = F.avg_pool2d(grey, 2)
        detail = grey - coarser.repeat_interleave(2, 2).repeat_interleave(2, 3)
        energies.append(F.avg_pool2d(detail.square(), cell >> level))
        grey = coarser
    return energies


def _block_contrast(grey: Tensor, cell: int) -> Tensor:
    """log of the mean step across borders of 8x8 blocks over the mean step elsewhere, both axes. (B, 1, h, w)"""
    rows = F.pad(grey, (0, 0, 1, 0), mode="replicate").diff(dim=2).abs()
    columns = F.pad(grey, (1, 0, 0, 0), mode="replicate").diff(dim=3).abs()
    count = cell // BLOCK
    across = elsewhere = grey.new_zeros(())
    for steps in (rows, columns.transpose(2, 3)):  # blocks follow each other along dimension 2
        border = F.avg_pool2d(steps[:, :, ::BLOCK], (count, cell))
        everything = F.avg_pool2d(steps, cell)
        inside = (BLOCK * everything - border) / (BLOCK - 1)
        if steps is not rows:
            border, inside = border.transpose(2, 3), inside.transpose(2, 3)
        across, elsewhere = across + border, elsewhere + inside
    least = 0.5 / 255  # half a grey level: a flat cell has no blocks
    return torch.log((across + least) / (elsewhere + least))
