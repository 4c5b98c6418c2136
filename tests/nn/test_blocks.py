"""Blocks on random tensors: what each promises in its docstring."""

import pytest
import torch

from harmonic.nn.block import Block, ConvMixer
from harmonic.nn.cells import CELL, CellGate, Cells, pool_cells
from harmonic.nn.fusion import FreqFusion
from harmonic.nn.guide import Guide
from harmonic.nn.high_pass import HighPass
from harmonic.nn.large_kernel import RepLargeKernel
from harmonic.nn.norm import LayerNorm
from harmonic.nn.projection import Projection
from harmonic.nn.resample import Downsample, Upsample


def test_flat_colours_have_no_high_pass_whatever_the_kernels():
    flat = torch.tensor([0.2, 0.5, 0.9])[None, :, None, None].expand(1, 3, 16, 16)
    zeros, edge = HighPass(8), HighPass(8, "edge")
    torch.nn.init.normal_(zeros.weight)
    edge.load_state_dict(zeros.state_dict())
    assert zeros(flat)[..., 1:-1, 1:-1].abs().max() < 1e-6 < zeros(flat).abs().max()
    assert edge(flat).abs().max() < 1e-6, "up to the border, where zeros are an edge"
    x = torch.rand(2, 3, 1, 5)
    assert edge(x).shape == zeros(x).shape == (2, 8, 1, 5)


def test_layer_norm_is_torchs_over_channels():
    x = torch.randn(2, 6, 4, 5)
    expected = torch.nn.functional.layer_norm(x.permute(0, 2, 3, 1), (6,), eps=1e-6).permute(0, 3, 1, 2)
    torch.testing.assert_close(LayerNorm(6)(x), expected)


@pytest.mark.parametrize("kernel", [5, 9, 13])
@pytest.mark.parametrize("size", [(1, 1), (4, 30), (21, 13)])
def test_one_large_kernel_equals_its_branches_at_the_borders_too(kernel, size):
    torch.manual_seed(0)
    branches = RepLargeKernel(6, kernel)
    torch.nn.init.normal_(branches.bias)
    x = torch.randn(1, 6, *size)
    torch.testing.assert_close(branches.folded()(x), branches(x), atol=1e-5, rtol=1e-5)


def test_even_kernels_are_refused():
    with pytest.raises(ValueError, match="odd"):
        RepLargeKernel(6, 8)


def test_a_folded_projection_is_one_convolution():
    projection = Projection(5, 7)
    torch.nn.init.normal_(projection.scale)
    x = torch.randn(1, 5, 6, 6)
    folded = projection.folded()
    assert isinstance(folded, torch.nn.Conv2d)
    torch.testing.assert_close(folded(x), projection(x))


def test_channel_attention_starts_at_one_and_stays_within_the_neighbouring_cells():
    gate = CellGate(4, 8)
    x, cells = torch.randn(1, 8, 96, 96), Cells(torch.randn(1, 4, 3, 3), side=CELL, rows=96)
    assert torch.equal(gate(x, cells), x)
    torch.nn.init.normal_(gate.gate.weight)
    changed = cells.of(cells.values.clone())
    changed.values[..., 0, 0] += 1
    touched = (gate(x, changed) != gate(x, cells)).any(1)[0]
    assert touched[:CELL, :CELL].all() and not touched[CELL + CELL // 2 :].any()


def test_cells_are_absolute():
    features = torch.zeros(1, 1, 32, 32)
    features[..., :16, :16] = 1
    assert torch.equal(pool_cells(features, 2).values, torch.tensor([[[[1.0, 0], [0, 0]]]]))


def test_the_last_cells_may_end_with_the_map():
    features, size = torch.randn(1, 3, 40, 36), (20, 18)  # a map at stride 2 and a coarser one
    cells = pool_cells(features, 2)
    assert cells.values.shape == (1, 3, 3, 3)
    torch.testing.assert_close(cells.values[..., 2, 2], features[..., 32:, 32:].mean((2, 3)))
    larger = torch.nn.functional.pad(features, (0, 12, 0, 8))  # whole cells, as a picture that goes on has them
    whole = pool_cells(larger, 2).of(cells.values)
    assert torch.equal(cells.blend(cells.values, size), whole.blend(cells.values, (24, 24))[..., :20, :18])


def test_down_and_up_change_size_by_two():
    x = torch.randn(1, 8, 10, 6)
    down = Downsample(8, 16)(x)
    assert down.shape == (1, 16, 5, 3)
    assert Upsample(16, 8)(down).shape == x.shape


def test_upsampling_a_constant_shows_no_checkerboard_at_birth():
    up = Upsample(16, 8)
    torch.nn.init.zeros_(up.conv.bias)
    y = up(torch.ones(1, 16, 6, 6))[..., 2:-2, 2:-2]
    assert (y - y.mean((2, 3), keepdim=True)).abs().max() < 1e-5


def test_a_block_starts_close_to_the_identity():
    torch.manual_seed(0)
    x = torch.randn(1, 16, 8, 8)
    y = Block(ConvMixer(16, None), 16, 1.0, True)(x, Guide())
    assert 0 < (y - x).abs().max() < 0.1


@pytest.mark.parametrize("ratio", [1, 2])
def test_fusion_keeps_shapes_and_moves_both_streams(ratio):
    low, high = torch.randn(1, 6, 4, 4), torch.randn(1, 8, 4 * ratio, 4 * ratio)
    new_low, new_high = FreqFusion(6, 8, ratio)(low, high)
    assert new_low.shape == low.shape and new_high.shape == high.shape
    assert not torch.equal(new_low, low) and not torch.equal(new_high, high)
