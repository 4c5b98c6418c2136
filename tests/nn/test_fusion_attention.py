"""Attention between the bands, and the dense large kernel."""

import pytest
import torch
from torch import nn

from harmonic.nn.fusion_attention import FreqFusionAttention
from harmonic.nn.partial_kernel import RepDenseKernel


def fusion(ratio: int) -> FreqFusionAttention:
    torch.manual_seed(0)
    module = FreqFusionAttention(8, 12, ratio, window=4).eval()
    for parameter in module.parameters():
        parameter.data.add_(0.3 * torch.randn_like(parameter))
    return module


def streams(height: int, width: int, ratio: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 8, height, width), torch.randn(2, 12, ratio * height, ratio * width)


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("size", [(8, 12), (5, 7), (1, 1)])
def test_both_streams_move_and_keep_their_shapes(ratio, size):
    low, high = streams(*size, ratio)
    new_low, new_high = fusion(ratio)(low, high)
    assert new_low.shape == low.shape and new_high.shape == high.shape
    assert new_low.isfinite().all() and not torch.allclose(new_low, low) and not torch.allclose(new_high, high)


@pytest.mark.parametrize("ratio", [1, 2])
def test_nothing_crosses_a_window(ratio):
    low, high = streams(8, 8, ratio)
    module = fusion(ratio)
    with torch.inference_mode():
        before = module(low, high)
        low[..., 0, 0] += 1
        after = module(low, high)
    for old, new, side in zip(before, after, (4, 4 * ratio), strict=True):
        outside = (old - new).abs()
        outside[..., :side, :side] = 0
        # The gate of h is blended between the centres of cells: one more cell for values, none for tokens.
        outside[..., : side + ratio, : side + ratio] = 0
        assert not outside.any()


@pytest.mark.parametrize("kernel", [5, 9, 13])
@pytest.mark.parametrize("size", [(1, 1), (4, 30), (21, 13)])
def test_one_dense_kernel_equals_its_branches_at_the_borders_too(kernel, size):
    torch.manual_seed(0)
    branches = RepDenseKernel(6, kernel)
    nn.init.normal_(branches.bias)
    x = torch.randn(1, 6, *size)
    torch.testing.assert_close(branches.folded()(x), branches(x), atol=1e-5, rtol=1e-5)
