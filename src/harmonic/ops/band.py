"""The exact band split: cell means A, their smooth enlargement S with A·S = I, and the projection P = S·A.

P keeps what the means of K x K cells say, I - P keeps the rest, and both together lose nothing. Published splits by
plain blur and enlargement do not reconstruct; an exact one costs the same.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from harmonic.ops.enlarge import polyphase_enlarge


def cell_mean(x: Tensor, cell: int) -> Tensor:
    """A: means over absolute cells. (B, C, H, W), H and W multiples of `cell` -> (B, C, H/cell, W/cell)"""
    B, C, H, W = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(B, H // cell, cell, W * C).mean(2)  # 3 to 9 times faster than avg_pool2d
    return rows.reshape(B, H // cell, W // cell, cell, C).mean(3).permute(0, 3, 1, 2)


def smooth_phases(cell: int) -> Tensor:
    """Filters of S for cells of `cell` pixels. -> (cell, 7), float64

    Bilinear enlargement B has means A·B = I - E, so two back-projections B·(I + E + E²) leave the error E³, and a
    bump of mean 1 inside each cell adds that error back: A·S = (I - E)(I + E + E²) + E³ = I, exactly.
    """
    position = (torch.arange(cell, dtype=torch.float64) + 0.5) / cell - 0.5
    bilinear = torch.stack([(-position).clamp(min=0), 1 - position.abs(), position.clamp(min=0)], 1)  # (cell, 3)
    error = -bilinear.mean(0)
    error[1] += 1
    error2, error3 = _convolve(error, error), _convolve(error, _convolve(error, error))
    correction = _centre(error, 5) + error2
    correction[2] += 1
    back_projected = torch.stack([_convolve(phase, correction) for phase in bilinear])  # (cell, 7)
    bump = 1 - torch.cos(2 * math.pi * (torch.arange(cell, dtype=torch.float64) + 0.5) / cell)
    return back_projected + bump[:, None] * error3[None, :]


def enlarge_cells(cells: Tensor, cell: int) -> Tensor:
    """S: enlarge cell values smoothly, keeping every cell's mean. (B, C, h, w) -> (B, C, cell·h, cell·w)"""
    return polyphase_enlarge(cells, smooth_phases(cell))


def low_band(x: Tensor, cell: int) -> Tensor:
    """P = S·A. (B, C, H, W), H and W multiples of `cell` -> same shape"""
    return enlarge_cells(cell_mean(x, cell), cell)


def _convolve(a: Tensor, b: Tensor) -> Tensor:
    return F.conv1d(a[None, None], b.flip(0)[None, None], padding=len(b) - 1)[0, 0]


def _centre(a: Tensor, length: int) -> Tensor:
    return F.pad(a, [(length - len(a)) // 2] * 2)
