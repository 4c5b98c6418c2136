"""Padding, shuffling, enlarging, kernel algebra."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from harmonic.ops.enlarge import bicubic_phases, enlarge_bicubic
from harmonic.ops.kernel import centred, chain, unit
from harmonic.ops.pad import mirror_pad, pad_to_multiple
from harmonic.ops.resize import imresize
from harmonic.ops.shuffle import shuffle, unshuffle


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 2), (32, 33)])
def test_mirror_padding_is_numpys_symmetric_padding(size):
    x = torch.rand(1, 2, *size)
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (2, 40), (3, 35)), mode="symmetric")
    assert np.array_equal(mirror_pad(x, 2, 40, 3, 35).numpy(), expected)


def test_padding_to_a_multiple_keeps_the_top_left_corner():
    x = torch.rand(1, 3, 33, 64)
    padded = pad_to_multiple(x, 32)
    assert padded.shape == (1, 3, 64, 64)
    assert torch.equal(padded[..., :33, :64], x)
    assert pad_to_multiple(padded, 32) is padded


@pytest.mark.parametrize("side, padded", [(1, 12), (12, 12), (13, 16)])
def test_padding_to_multiples_goes_to_one_that_is_large_enough(side, padded):
    assert pad_to_multiple(torch.rand(1, 3, side, 40), 4, least=10).shape[-2:] == (padded, 40)


@pytest.mark.parametrize("side, padded", [(28, 32), (29, 64), (1, 32)])
def test_padding_around_comes_before_the_rest_up_to_a_multiple(side, padded):
    x = torch.rand(1, 3, side, 28)
    found = pad_to_multiple(x, 32, 2)
    after = padded - side - 2
    assert np.array_equal(found.numpy(), np.pad(x.numpy(), ((0, 0), (0, 0), (2, after), (2, 2)), mode="symmetric"))


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_shuffle_undoes_unshuffle_and_keeps_channels_last(factor):
    x = torch.rand(2, 5, 4 * factor, 6 * factor).contiguous(memory_format=torch.channels_last)
    small = unshuffle(x, factor)
    assert small.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(shuffle(small, factor), x)
    assert torch.equal(small[:, :5], x[..., ::factor, ::factor])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_fixed_enlargement_is_matlabs_bicubic(scale):
    x = np.random.default_rng(0).random((13, 9, 3))
    expected = imresize(x, scale)
    ours = enlarge_bicubic(torch.from_numpy(x).permute(2, 0, 1)[None], scale)[0].permute(1, 2, 0).numpy()
    assert np.abs(ours - expected).max() < 1e-9


def test_bicubic_filters_sum_to_one():
    for scale in (2, 3, 4):
        assert torch.allclose(bicubic_phases(scale).sum(1), torch.ones(scale, dtype=torch.float64))


def test_a_chain_of_kernels_is_one_kernel():
    x = torch.rand(1, 4, 12, 15, dtype=torch.float64)
    a, b = torch.randn(4, 1, 3, 3, dtype=torch.float64), torch.randn(4, 1, 5, 5, dtype=torch.float64)
    two = F.conv2d(F.conv2d(x, a, groups=4), b, groups=4)
    torch.testing.assert_close(F.conv2d(x, chain(a, b), groups=4), two)


def test_the_unit_kernel_changes_nothing():
    x = torch.rand(1, 4, 6, 6)
    assert torch.equal(F.conv2d(x, centred(unit(4, x), 5), padding=2, groups=4), x)
