"""The scan that carries both streams: what crosses, how far, and the laws."""

import pytest
import torch
from torch import nn

from harmonic.nn.fusion_scan import FreqFusionScan

ratios = pytest.mark.parametrize("ratio", [1, 2])
Streams = tuple[torch.Tensor, torch.Tensor]


def fusion(ratio: int) -> FreqFusionScan:
    torch.manual_seed(0)
    module = FreqFusionScan(8, 12, ratio, states=4, strip=8).eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def streams(height: int, width: int, ratio: int, batch: int = 1) -> Streams:
    torch.manual_seed(1)
    low, high = torch.randn(batch, 8, height, width), torch.randn(batch, 12, ratio * height, ratio * width)
    return low.contiguous(memory_format=torch.channels_last), high.contiguous(memory_format=torch.channels_last)


def run(module: FreqFusionScan, low: torch.Tensor, high: torch.Tensor) -> Streams:
    with torch.inference_mode():
        return module(low, high)


@ratios
@pytest.mark.parametrize("size", [(8, 12), (5, 7), (1, 1)])
def test_both_streams_move_keep_their_shapes_and_a_batch_is_its_pictures(ratio, size):
    module, both = fusion(ratio), streams(*size, ratio, batch=3)
    singles = zip(*(run(module, *(stream[i : i + 1] for stream in both)) for i in range(3)), strict=True)
    for old, new, alone in zip(both, run(module, *both), singles, strict=True):
        assert new.shape == old.shape and new.isfinite().all() and not torch.allclose(new, old)
        assert new.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(new, torch.cat(alone), atol=1e-5, rtol=1e-5)


@ratios
@pytest.mark.parametrize("changed", [0, 1], ids=["low", "high"])
def test_each_stream_reaches_the_other_along_rows_and_columns_and_no_farther(ratio, changed):
    module, farthest = fusion(ratio), [0, 0]
    before = run(module, *streams(16, 16, ratio))
    for at in range(4, 8):
        both = streams(16, 16, ratio)
        place = at * ratio if changed else at
        both[changed][..., place, place] = torch.nan
        for side, (old, new) in enumerate(zip(before, run(module, *both), strict=True)):
            places = new.isnan().any(1)[0].nonzero() // (ratio if side else 1)
            farthest[side] = max(farthest[side], int((places - at).abs().max()))
            assert torch.equal(old[~new.isnan()], new[~new.isnan()])
    assert farthest == [module.reach - int(ratio > 1), module.reach]


@ratios
def test_a_tile_on_the_grid_has_the_numbers_of_the_whole(ratio):
    module, (low, high) = fusion(ratio), streams(20, 24, ratio)
    grid, reach = module.grid, module.reach
    whole = run(module, low, high)
    tile = run(module, low[..., grid:, grid:], high[..., ratio * grid :, ratio * grid :])
    for part, full, scale in zip(tile, whole, (1, ratio), strict=True):
        inner = slice(scale * reach, None)
        expected = full[..., scale * grid :, scale * grid :]
        torch.testing.assert_close(part[..., inner, inner], expected[..., inner, inner], atol=1e-5, rtol=1e-5)


@ratios
def test_every_parameter_has_a_gradient_and_a_new_fusion_is_small(ratio):
    torch.manual_seed(0)
    module, both = FreqFusionScan(8, 12, ratio), streams(8, 8, ratio, batch=2)
    moved = module(*both)
    assert all(0 < (new - old).abs().max() < 0.1 for old, new in zip(both, moved, strict=True))
    sum((new * old.roll(1, -1)).sum() for old, new in zip(both, moved, strict=True)).backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_bfloat16_is_finite_and_close():
    torch.manual_seed(0)
    module, both = FreqFusionScan(8, 12, 2).eval(), streams(16, 16, 2)
    exact = run(module, *both)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = run(module, *both)
    for new, old in zip(rounded, exact, strict=True):
        assert new.isfinite().all() and (new - old).abs().max() < 1e-2


def test_one_exported_graph_serves_every_size_of_two_strips_and_more():
    module = fusion(2)
    h, w = (torch.export.Dim(axis, min=2, max=64) for axis in "hw")
    shapes = ({2: 4 * h, 3: 4 * w}, {2: 8 * h, 3: 8 * w})
    graph = torch.export.export(module, streams(12, 20, 2), dynamic_shapes=shapes).module()
    both = streams(8, 28, 2)
    for new, expected in zip(graph(*both), module(*both), strict=True):
        torch.testing.assert_close(new, expected, atol=1e-5, rtol=1e-5)


def test_a_strip_that_splits_a_pair_is_refused():
    with pytest.raises(ValueError, match="even"):
        FreqFusionScan(8, 12, 1, strip=7)
