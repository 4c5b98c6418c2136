"""Algebra of kernels: what several convolutions do, written as one. (C, 1, k, k) where nothing else is said.

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


def after_pointwise(point: Tensor, kernel: Tensor) -> Tensor:
    """The kernel of a dense `kernel` after a 1x1. point (M, I, 1, 1), kernel (O, M, k, k) -> (O, I, k, k)

    Exact at the borders if the 1x1 has no bias, or if zeros are padded before it.
    """
    return torch.einsum("omyx,mi->oiyx", kernel, point[:, :, 0, 0])


def centred(kernel: Tensor, size: int) -> Tensor:
    """The same kernel, of any two first sides, in a larger square of odd `size`, zeros around."""
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
