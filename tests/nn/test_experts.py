"""Router, experts and the block that holds them: what design §3.7 promises."""

import pytest
import torch
from torch import nn

from harmonic.nn.guide import Guide
from harmonic.nn.router import Router, top_gates
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.ops.cell_statistics import STATISTICS, cell_statistics
from harmonic.ops.gather import gather_cells, join_cells

CHANNELS, SIDE = 8, 8


def block(side: int = SIDE) -> MoETextureBlock:
    torch.manual_seed(0)
    module = MoETextureBlock(CHANNELS, 1.0, False, None, block=4, side=side, kernel=5, rank=4)
    for parameter in module.parameters():
        parameter.data.add_(0.2 * torch.randn_like(parameter))
    return module.eval()


def inputs(batch: int = 1, height: int = 24, width: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    x = torch.randn(batch, CHANNELS, height, width).contiguous(memory_format=torch.channels_last)
    return x, 2 * torch.randn(batch, len(STATISTICS), height // SIDE, width // SIDE)


def test_at_most_k_gates_are_open_and_a_small_change_moves_them_little():
    torch.manual_seed(0)
    scores, shift = torch.rand(1, 4, 50, 50), 1e-3 * (2 * torch.rand(1, 4, 50, 50) - 1)
    for selected in (1, 2, 3):
        gates = top_gates(scores, selected, 0.0)
        assert ((gates > 0).sum(1) <= selected).all() and (gates > 0).any()
        assert (top_gates(scores + shift, selected, 0.0) - gates).abs().max() <= 2.001e-3


def test_a_threshold_of_one_leaves_the_deterministic_expert_alone():
    module, (x, statistics) = block(), inputs()
    module.router.threshold = 1.0
    y, routing = module(x, Guide(statistics=statistics))
    plain = x + module.deterministic(module.norm1(x), None)
    torch.testing.assert_close(y, plain + module.ffn(module.norm2(plain)))
    assert not routing.gates.any() and module.skipped(routing) == 1


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.9])
def test_gathered_and_dense_experts_give_the_same_numbers(threshold):
    module, (x, statistics) = block(), inputs(2)
    module.router.threshold = threshold
    with torch.inference_mode():
        dense, routing = module.train()(x, Guide(statistics=statistics))
        gathered, _ = module.eval()(x, Guide(statistics=statistics))
    torch.testing.assert_close(gathered, dense, atol=1e-5, rtol=1e-5)
    assert 0 <= module.skipped(routing) <= 1


def test_a_batch_is_its_pictures():
    module, (x, statistics) = block(), inputs(3)
    with torch.inference_mode():
        together = module(x, Guide(statistics=statistics))[0]
        alone = [module(x[i : i + 1], Guide(statistics=statistics[i : i + 1]))[0] for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("selected", [1, 2])
def test_router_and_experts_have_a_gradient_at_the_second_step(selected):
    torch.manual_seed(0)
    module = MoETextureBlock(CHANNELS, 1.0, False, None, block=4, side=SIDE, selected=selected, kernel=5, rank=4)
    optimizer, (x, statistics) = torch.optim.SGD(module.parameters(), lr=0.1), inputs(4)
    for _ in range(2):
        optimizer.zero_grad()
        (module(x, Guide(statistics=statistics))[0] - x.roll(1, -1)).square().mean().backward()
        optimizer.step()
    assert not [n for n, p in module.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


def test_the_router_decides_in_fp32_under_autocast():
    torch.manual_seed(0)
    router, (x, statistics) = Router(CHANNELS, SIDE, 2), inputs()
    with torch.autocast("cpu", torch.bfloat16):
        routing = router(x, statistics)
    assert routing.logits.dtype == routing.gates.dtype == torch.float32


def test_gates_see_the_cells_that_the_block_says():
    module, (x, statistics) = block(), inputs(1, 48, 48)
    with torch.inference_mode():
        before = module(x, Guide(statistics=statistics))[0]
        statistics[..., 3, 3] += 5
        after = module(x, Guide(statistics=statistics))[0]
    rows = (before != after).any(1)[0].any(1).nonzero()[:, 0]
    farthest = 3 * SIDE // 2 - 1  # to the far side of the second nearest cell
    assert int(rows.max()) <= 3 * SIDE + farthest and int(rows.min()) >= 4 * SIDE - 1 - farthest
    assert farthest <= module.reach


def test_cells_cut_out_and_joined_are_the_map():
    x = torch.randn(2, 3, 16, 24)
    chosen = torch.arange(2 * 2 * 3)
    assert torch.equal(join_cells(gather_cells(x, chosen, 8, 0), 16, 24), x)
    cell = gather_cells(x, torch.tensor([4]), 8, 2)[0]  # second row, second column of the first picture
    assert torch.equal(cell, nn.functional.pad(x[0, :, 6:, 6:18], [0, 0, 0, 2]))


def test_statistics_tell_noise_blur_and_blocks_apart():
    torch.manual_seed(0)
    smooth = nn.functional.interpolate(torch.rand(1, 3, 8, 8), size=64, mode="bicubic")
    noisy = smooth + 0.1 * torch.randn_like(smooth)
    blocky = nn.functional.avg_pool2d(smooth, 8).repeat_interleave(8, 2).repeat_interleave(8, 3)
    means = (cell_statistics(x, 32).mean((0, 2, 3)) for x in (smooth, noisy, blocky))
    clean, noise, blocks = (dict(zip(STATISTICS, mean, strict=True)) for mean in means)
    assert noise["noise"] > clean["noise"] + 1 and noise["fine"] > clean["fine"] + 1
    assert blocks["blocks"] > 1 > abs(clean["blocks"])
