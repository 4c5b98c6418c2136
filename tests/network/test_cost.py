"""Costs by hand: single layers, attention, a whole small network."""

import pytest
import torch
from torch import nn

from harmonic.network.config import variant
from harmonic.network.cost import Cost, multiply_adds, network_cost
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS, tiny
from harmonic.nn.attention import WindowAttention
from harmonic.nn.large_kernel import RepLargeKernel
from making import fresh


@pytest.mark.parametrize(
    "layer, shape, expected",
    [
        (nn.Conv2d(3, 8, 3, padding=1), (1, 3, 20, 30), 20 * 30 * 8 * 3 * 9),
        (nn.Conv2d(8, 8, 5, padding=2, groups=8), (1, 8, 20, 30), 20 * 30 * 8 * 25),  # depthwise
        (nn.Conv2d(8, 16, 3, stride=2), (2, 8, 21, 21), 2 * 10 * 10 * 16 * 8 * 9),
        (nn.Linear(12, 7), (5, 12), 5 * 12 * 7),
    ],
)
def test_layers_cost_what_their_formula_says(layer, shape, expected):
    assert multiply_adds(layer, lambda m: m(torch.empty(shape))) == {"": expected}


def test_window_attention_costs_its_projections_and_two_products():
    C, side, window = 32, 24, 8
    attention = WindowAttention(C, window, head_width=16)
    cost = multiply_adds(attention, lambda m: m(torch.empty(1, C, side, side), None))
    projections, products = 4 * C * C, 2 * window * window * C
    assert cost[""] == side * side * (projections + products)
    assert cost["heads"] == side * side * products and cost["qkv"] == side * side * 3 * C * C


def test_an_einsum_and_a_matrix_product_are_counted():
    a = torch.nn.Identity()
    product = multiply_adds(a, lambda _: torch.empty(2, 5, 6) @ torch.empty(2, 6, 7))
    einsum = multiply_adds(a, lambda _: torch.einsum("bij,bjk->bik", torch.empty(2, 5, 6), torch.empty(2, 6, 7)))
    assert product == einsum == {"": 2 * 5 * 6 * 7}


def test_folded_kernels_cost_one_convolution():
    C, side, kernel = 4, 40, 9
    spread = RepLargeKernel(C, kernel)
    fused = multiply_adds(spread.folded(), lambda m: m(torch.empty(1, C, side, side)))
    assert fused[""] == side * side * C * kernel * kernel
    cascades = sum((side + 2 * n) ** 2 for start in (4, 2) for n in range(start))  # each 3x3 on what is left
    assert multiply_adds(spread, lambda m: m(torch.empty(1, C, side, side)))[""] == 9 * C * (cascades + side * side)


def plain_by_hand(c0: int, c1: int, c2: int) -> float:
    """Multiply-adds per input pixel of a U-Net of one `ConvMixer` block a stage, no branches, at scale 1."""

    def block(c: int) -> int:
        mixer = c * 2 * c + 2 * c * 9 + c * c
        return mixer + c * 2 * c + c * c

    at2 = 9 * 12 * c0 + block(c0) + 9 * c0 * (c1 // 4)  # embed, enc0, down0
    at2 += 9 * (c1 // 4) * c0 + 2 * c0 * c0 + block(c0) + 9 * c0 * 12  # up0, skip, dec0, tail
    at4 = 2 * block(c1) + 9 * c1 * (c2 // 4) + 9 * (c2 // 4) * c1 + 2 * c1 * c1
    return at2 / 4 + at4 / 16 + block(c2) / 64


def test_a_whole_network_by_hand():
    config = variant(tiny(), lf=None, hf=None, fusion=None, channel_attention=False)
    whole, *parts = network_cost(Harmonic(config))
    named = {cost.name: cost for cost in parts}
    trunk = sum(cost.macs for cost in parts if cost.depth == 1) - named["head"].macs
    assert trunk == pytest.approx(plain_by_hand(*config.channels), rel=1e-12)
    bands = 2 * 3 * 3 * 7 * (1 / 4 + 1)  # S, twice, rows then columns; 3 channels to 3 with their zeros, 7 taps
    assert named["head"].macs == pytest.approx(bands, rel=0.02)  # borders
    assert whole.parameters == sum(p.numel() for p in Harmonic(config).parameters())


@pytest.fixture(scope="module", params=[(preset, 1) for preset in PRESETS] + [("fast", 4)], ids=str)
def costs(request) -> tuple[Harmonic, list[Cost]]:
    preset, scale = request.param
    network = Harmonic(PRESETS[preset](scale))
    return network, network_cost(network)


def test_a_module_is_the_sum_of_what_it_holds(costs):
    """Up to what a module does itself: fixed filters, and the products of attention."""
    _, rows = costs
    for parent in rows:
        prefix = f"{parent.name}." if parent.name else ""
        children = [c for c in rows if c.depth == parent.depth + 1 and c.name.startswith(prefix)]
        assert sum(child.macs for child in children) <= parent.macs * (1 + 1e-12)
        assert sum(child.parameters for child in children) <= parent.parameters
    whole = rows[0]
    fixed = whole.macs - sum(cost.macs for cost in rows if cost.depth == 1)
    assert 0 <= fixed < 0.02 * whole.macs
    assert whole.parameters == sum(cost.parameters for cost in rows if cost.depth == 1)


def test_fusing_changes_the_cost_of_kernels_alone(costs):
    """A cascade of 3x3 is cheaper to multiply than the one large kernel that it becomes, but walks the map far more."""
    network, rows = costs
    kernels = {name: m for name, m in network.named_modules() if isinstance(m, RepLargeKernel)}
    assert kernels
    for cost in rows:
        holds_kernel = any(f"{name}.".startswith(f"{cost.name}." if cost.name else "") for name in kernels)
        if not holds_kernel and cost.fused_parameters:
            assert cost.fused_macs == cost.macs
        if cost.name in kernels:
            kernel = kernels[cost.name]
            channels, strides = len(kernel.bias), {"lf": network.config.cell // network.scale}
            stride = strides.get(cost.name.split(".")[0], network.config.stride)
            assert cost.fused_macs == kernel.kernel**2 * channels / stride**2
            assert cost.fused_parameters == (kernel.kernel**2 + 1) * channels
            cascades = 9 * channels * (kernel.kernel // 2 + 2 + 1) / stride**2
            assert cascades <= cost.macs < 1.2 * cascades  # padded before the cascade
    assert rows[0].fused_parameters == sum(p.numel() for p in fuse(network).parameters())


def test_counting_leaves_the_network_as_it_was():
    network = Harmonic(tiny())
    network_cost(network)
    assert all(p.requires_grad for p in network.parameters()) and not network.enc0._forward_hooks


def test_the_reach_of_parts_fits_into_the_whole(costs):
    network, rows = costs
    assert all(0 <= cost.reach <= network.reach for cost in rows if cost.reach is not None and cost.depth == 1)
    assert sum(cost.reach is not None for cost in rows) >= 10


def test_experts_are_counted_in_all_cells_also_of_a_network_in_use():
    network = fresh("base", 1)
    assert network_cost(network.eval())[0] == network_cost(network.train())[0]
