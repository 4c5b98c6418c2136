"""What training needs of every preset: memory layout kept, no parameter without a gradient, equal births."""

import numpy as np
import pytest
import torch

from harmonic.network.config import NetworkConfig, variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS
from harmonic.nn.scan import LineScan
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.ops.noise import Noise
from harmonic.ops.thumbnail import thumbnail
from making import fresh, picture


@pytest.mark.parametrize("preset", list(PRESETS))
def test_every_block_keeps_channels_last_strides(preset):
    model = fresh(preset, 1)
    lost = []

    def look(module, _inputs, output):
        for map in output if isinstance(output, tuple) else (output,):
            wide = isinstance(map, torch.Tensor) and map.ndim == 4 and map.shape[1] > 1
            if wide and map.numel() and not map.is_contiguous(memory_format=torch.channels_last):
                lost.append(type(module).__name__)

    for module in model.modules():
        if not isinstance(module, Harmonic | LineScan):  # which is written for (B, lines, length, C)
            module.register_forward_hook(look)
    with torch.inference_mode():
        model(picture(64, 96))
    assert not lost


def mixed(side: int) -> torch.Tensor:
    """Noise, faint noise, something smooth and blocks, so that every expert is wanted somewhere. (4, 3, side, side)"""
    noise, faint = picture(side, side), 0.5 + 0.05 * picture(side, side, seed=1)
    smooth = torch.nn.functional.interpolate(picture(side // 16, side // 16, seed=2), size=side, mode="bicubic")
    blocks = picture(side // 8, side // 8, seed=3).repeat_interleave(8, 2).repeat_interleave(8, 3)
    return torch.cat([noise, faint, smooth, blocks])


@pytest.mark.parametrize("preset", list(PRESETS))
def test_every_parameter_has_a_gradient_at_the_second_step(preset):
    model = fresh(preset, 1).train()
    if model.routing_cell:  # a router at birth may leave an expert out; training's losses on scores mend that
        torch.manual_seed(12)  # one at which every expert is open somewhere, as is asserted below
        for block in model.hf.blocks:
            if isinstance(block, MoETextureBlock):
                torch.nn.init.normal_(block.router.logits.weight, std=1)
    x, target = mixed(128), picture(128, 128, batch=4, seed=9)
    noise = Noise(torch.arange(4), torch.zeros(4, 2, dtype=torch.int64))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    for _ in range(2):
        optimizer.zero_grad()
        context = model.context(thumbnail(x), torch.arange(4) < 2) if model.context else None
        parts = model.decompose(x, context, noise)
        (parts.mix(texture=1) - target).square().mean().backward()
        optimizer.step()
        assert all((routing.gates.amax((0, 2, 3)) > 0).all() for routing in parts.routing)
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent


def test_configurations_refuse_what_cannot_work():
    with pytest.raises(ValueError, match="multiples of 4"):
        NetworkConfig(channels=(10, 20, 30))
    with pytest.raises(ValueError, match="fusion needs an lf branch"):
        variant(PRESETS["tiny"](), lf=None)
    with pytest.raises(ValueError, match="not permitted"):
        variant(PRESETS["tiny"](), wings=2)


def test_two_networks_from_one_seed_are_equal():
    a, b = fresh("tiny", 1).state_dict(), fresh("tiny", 1).state_dict()
    assert all(np.array_equal(a[name], b[name]) for name in a)
