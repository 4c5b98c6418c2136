"""Dense 3x3 and large kernels with more parameters in training: one convolution, the same numbers."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from harmonic.nn.large_kernel import RepLargeKernel
from harmonic.nn.pooled_attention import PooledAttention
from harmonic.nn.rep_conv import RepConv, odd_gate

SIZES = [(1, 1), (1, 17), (2, 3), (5, 4), (17, 16)]


def randomised(module: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


def by_branches(conv: RepConv, x: torch.Tensor) -> torch.Tensor:
    """Each branch as a layer of its own, on a map that is padded before the 1x1 (`systems-b.md` 7.2)."""
    around = F.pad(x, (1, 1, 1, 1))
    y = F.conv2d(around, conv.plain) + F.conv2d(x, conv.point)
    y = y + F.conv2d(F.conv2d(around, conv.expand), conv.contract)
    for edges, scales, operator in zip(conv.edges, conv.scales, conv.operators, strict=True):
        mixed = F.conv2d(around, edges[:, :, None, None])
        y = y + scales[:, None, None] * F.conv2d(mixed, operator.expand(len(scales), 1, 3, 3), groups=len(scales))
    return y + conv.bias[:, None, None]


@pytest.mark.parametrize("size", SIZES)
def test_a_dense_3x3_is_the_sum_of_its_branches_at_the_borders_too(size):
    conv, x = randomised(RepConv(6, expansion=3)), torch.randn(2, 6, *size)
    torch.testing.assert_close(conv(x), by_branches(conv, x), atol=1e-5, rtol=1e-5)
    folded = conv.folded()
    assert type(folded) is nn.Conv2d and folded.weight.shape == (6, 6, 3, 3)
    torch.testing.assert_close(folded(x), conv(x), atol=1e-5, rtol=1e-5)


def test_every_branch_counts():
    conv, x = randomised(RepConv(4)), torch.randn(1, 4, 6, 6)
    y = conv(x)
    for parameter in conv.parameters():
        kept = parameter.detach().clone()
        nn.init.zeros_(parameter)
        assert (conv(x) - y).abs().max() > 1e-2
        parameter.data.copy_(kept)


def test_edge_operators_give_nothing_where_a_map_is_flat():
    conv = randomised(RepConv(4))
    for parameter in (conv.plain, conv.point, conv.contract, conv.bias):
        nn.init.zeros_(parameter)
    y = conv(torch.full((1, 4, 6, 6), 3.0))
    assert y[..., 1:-1, 1:-1].abs().max() < 1e-5 and y.abs().max() > 1e-2


def test_the_gate_is_stronger_where_the_features_are_whatever_their_sign():
    y = torch.tensor([-4.0, -1, 0, 1, 4])
    gate = odd_gate(torch.ones(5), y) / (1 + y).where(y != -1, torch.tensor(torch.nan))
    torch.testing.assert_close(gate[[0, 2]], -gate[[4, 2]])
    assert (gate[[2, 3, 4]].diff() > 0).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dilations", [(2,), (2, 3, 4)])
def test_one_large_kernel_holds_its_dilated_ones(size, dilations):
    branches, x = randomised(RepLargeKernel(6, 9, dilations)), torch.randn(1, 6, *size)
    plain = RepLargeKernel(6, 9)
    plain.load_state_dict({k: v for k, v in branches.state_dict().items() if not k.startswith("lattice")})
    torch.testing.assert_close(branches.folded()(x), branches(x), atol=1e-5, rtol=1e-5)
    assert (branches(x) - plain(x)).abs().max() > 1e-2


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (8, 8)])
def test_the_near_half_of_pooled_attention_can_be_folded(size):
    mixer = randomised(PooledAttention(8, window=4, pool=2))
    x = torch.randn(1, 8, 2 * size[0], 2 * size[1])
    y = mixer(x, None)
    mixer.near.spread = mixer.near.spread.folded()
    torch.testing.assert_close(mixer(x, None), y, atol=1e-5, rtol=1e-5)
