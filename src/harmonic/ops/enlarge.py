"""Fixed separable enlargement by a whole factor: each output phase is one short filter on the coarse grid."""

import torch
import torch.nn.functional as F
from torch import Tensor

from harmonic.ops.pad import mirror_pad


def polyphase_enlarge(x: Tensor, phases: Tensor) -> Tensor:
    """Enlarge by a filter bank. (B, C, h, w), phases (K, odd taps) -> (B, C, K·h, K·w); borders are mirrored.

    Output sample K·i + p of a line is `sum_j phases[p, j] * x[i + j - taps // 2]`.
    """
    B, C, h, w = x.shape
    K, taps = phases.shape
    r = taps // 2
    x = mirror_pad(x, r, r, r, r).reshape(B * C, 1, h + 2 * r, w + 2 * r)
    rows = F.conv2d(x, phases.to(x).reshape(K, 1, taps, 1))  # (BC, K, h, w + 2r)
    rows = rows.transpose(1, 2).reshape(B * C, 1, K * h, w + 2 * r)
    columns = F.conv2d(rows, phases.to(x).reshape(K, 1, 1, taps))  # (BC, K, K·h, w)
    samples = columns.permute(0, 2, 3, 1).reshape(B, C, K * h, K * w)
    return samples.contiguous(memory_format=torch.channels_last)


def bicubic_phases(scale: int) -> Tensor:
    """Filters of bicubic enlargement, a = -0.5, as MATLAB's `imresize` (protocol P-SR-7). -> (scale, 5), float64"""

    def cubic(x: Tensor) -> Tensor:
        x = x.abs()
        near = 1.5 * x**3 - 2.5 * x**2 + 1
        far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        return torch.where(x <= 1, near, torch.where(x <= 2, far, torch.zeros_like(x)))

    centre = (torch.arange(scale, dtype=torch.float64) + 0.5) / scale - 0.5
    weights = cubic(centre[:, None] - torch.arange(-2, 3, dtype=torch.float64)[None, :])
    return weights / weights.sum(1, keepdim=True)


def enlarge_bicubic(x: Tensor, scale: int) -> Tensor:
    """The fixed bicubic enlargement that a network corrects. (B, C, H, W) -> (B, C, scale·H, scale·W), fp32 inside."""
    return x if scale == 1 else polyphase_enlarge(x, bicubic_phases(scale))
