"""Algebra of depthwise kernels: what several convolutions do, written as one. (C, 1, k, k) throughout.

Source: RepVGG (Ding et al., CVPR 2021), RepLKNet (Ding et al., CVPR 2022).
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def chain(first: Tensor, second: Tensor) -> Tensor:
    """The kernel of `second` after `first`, sizes a and b -> a + b - 1.

    conv2d correlates, so the chain of two correlations is the full convolution of their kernels.
    """
    C, _, b, _ = second.shape
    full = F.conv2d(first.transpose(0, 1), second.flip(-1, -2), padding=b - 1, groups=C)
    return full.transpose(0, 1)


def centred(kernel: Tensor, size: int) -> Tensor:
    """The same kernel in a larger square of odd `size`, zeros around."""
    margin = (size - kernel.shape[-1]) // 2
    return F.pad(kernel, [margin] * 4)


def unit(channels: int, like: Tensor) -> Tensor:
    """The kernel of the identity, size 1."""
    return torch.ones(channels, 1, 1, 1, dtype=like.dtype, device=like.device)


def dilated(kernel: Tensor, dilation: int) -> Tensor:
    """The dense kernel that does what a dilated one does: zeros between the taps. k -> (k - 1)·dilation + 1"""
    size = (kernel.shape[-1] - 1) * dilation + 1
    dense = kernel.new_zeros(*kernel.shape[:2], size, size)
    dense[..., ::dilation, ::dilation] = kernel
    return dense
