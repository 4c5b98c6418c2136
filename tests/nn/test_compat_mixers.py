"""Mixers of the compatibility map (design §3.13): the laws of every mixer, and what each one stands for."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from harmonic.nn.block import Block, ConvMixer
from harmonic.nn.budgeted_window import BudgetedWindow
from harmonic.nn.channel_window import ChannelWindow
from harmonic.nn.dense_group import DenseGroup
from harmonic.nn.excursion import Excursion
from harmonic.nn.large_kernel import LargeKernelMixer
from harmonic.nn.mixer import Mixer
from harmonic.nn.pooled_attention import PooledAttention
from harmonic.nn.prompt import Prompt
from harmonic.nn.rep_conv import RepConvMixer

CHANNELS = 8


def excursion(depth: int) -> Excursion:
    return Excursion(CHANNELS, [Block(ConvMixer(CHANNELS, None), CHANNELS, 1.0, True) for _ in range(depth)])


MIXERS = {
    "pooled attention": lambda: PooledAttention(CHANNELS, window=4, pool=2),
    "wide pool": lambda: PooledAttention(CHANNELS, window=2, pool=4, kernel=9),
    "channel window": lambda: ChannelWindow(CHANNELS, 8, head_width=4),
    "shifted channel window": lambda: ChannelWindow(CHANNELS, 8, shifted=True, head_width=4),
    "budgeted window": lambda: BudgetedWindow(CHANNELS, 8, head_width=4),
    "shifted budget": lambda: BudgetedWindow(CHANNELS, 8, shifted=True, head_width=4),
    "dense group": lambda: DenseGroup(CHANNELS, layers=3, growth=4),
    "excursion": lambda: excursion(2),
    "rep conv": lambda: RepConvMixer(CHANNELS),
    "prompt": lambda: Prompt(CHANNELS, side=8, vectors=3),
    "dilated kernels": lambda: LargeKernelMixer(CHANNELS, 9, dilations=(2, 3, 4)),
}
mixers = pytest.mark.parametrize("name", MIXERS)


def build(name: str, dtype: torch.dtype = torch.float32) -> Mixer:
    """A mixer with strong random weights, at evaluation."""
    torch.manual_seed(0)
    mixer = MIXERS[name]()
    for parameter in mixer.parameters():
        nn.init.normal_(parameter, std=0.4)
    return mixer.to(dtype).eval()


def features(height: int, width: int, dtype: torch.dtype = torch.float32, batch: int = 1) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(batch, CHANNELS, height, width, dtype=dtype).contiguous(memory_format=torch.channels_last)


def run(mixer: Mixer, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return mixer(x, None)


@mixers
def test_reach_is_exact(name):
    """A NaN reaches positions within `reach` only, and some exactly that far away."""
    mixer, side, farthest = build(name), 48, 0
    for at in range(16, 32):
        x = features(side, side)
        x[..., at, at] = torch.nan
        hit = run(mixer, x).isnan().any(1)[0]
        for axis in (0, 1):
            farthest = max(farthest, int((hit.any(axis).nonzero()[:, 0] - at).abs().max()))
    assert farthest == mixer.reach


@mixers
def test_gradients_in_bf16_are_those_of_float64(name):
    """A kernel of the backend may be wrong in one precision and layout alone, and training would take its word."""
    torch.manual_seed(0)
    mixer, x = MIXERS[name]().train(), features(32, 32, batch=2)
    weight = torch.randn_like(x)
    with torch.autocast("cpu", torch.bfloat16):
        y = mixer(x, None)
    (y.float() * weight).sum().backward()
    found = {key: value.grad.double() for key, value in mixer.named_parameters() if value.grad is not None}
    mixer.double().zero_grad()
    (mixer(x.double(), None) * weight.double()).sum().backward()
    for key, value in mixer.named_parameters():
        if value.grad is not None:
            assert (found[key] - value.grad).norm() <= 0.1 * value.grad.norm() + 1e-3, key


@mixers
def test_a_change_at_one_border_does_not_reach_the_other(name):
    mixer, x = build(name, torch.float64), features(48, 32, torch.float64)
    before = run(mixer, x)
    for axis in (2, 3):
        changed = x.clone()
        changed.narrow(axis, -1, 1).add_(1)
        after, far = run(mixer, changed), x.shape[axis] - 1 - mixer.reach
        assert torch.equal(after.narrow(axis, 0, far), before.narrow(axis, 0, far))
        assert not torch.equal(after, before)


@mixers
def test_a_tile_on_the_grid_has_the_numbers_of_the_whole(name):
    mixer = build(name)
    grid, reach = mixer.grid, mixer.reach
    side = (1 + -(-(2 * reach + 9) // grid)) * grid
    x = features(side + grid, side)
    whole, tile = run(mixer, x), run(mixer, x[..., grid:, grid:])
    inner = (slice(None), slice(None), slice(reach, None), slice(reach, None))
    torch.testing.assert_close(tile[inner], whole[..., grid:, grid:][inner], atol=1e-5, rtol=1e-5)


@mixers
def test_a_batch_is_its_maps_and_strides_stay_channels_last(name):
    mixer, x = build(name), features(16, 32, batch=3)
    kept = x.clone()
    y = run(mixer, x)
    torch.testing.assert_close(y, torch.cat([run(mixer, x[i : i + 1]) for i in range(3)]), atol=1e-5, rtol=1e-5)
    assert y.shape == x.shape and y.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, kept)


@mixers
def test_every_parameter_has_a_gradient_in_training_and_a_new_mixer_is_small(name):
    torch.manual_seed(0)
    mixer, x = MIXERS[name]().train(), features(16, 24, batch=2)
    assert 0 < mixer(x, None).abs().max() < 0.3
    optimiser = torch.optim.SGD(mixer.parameters(), lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        (mixer(x, None) - x.roll(1, -1)).square().mean().backward()
        optimiser.step()
    for parameter_name, parameter in mixer.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, parameter_name


@mixers
def test_bfloat16_is_close_to_float32(name):
    torch.manual_seed(0)
    mixer, x = MIXERS[name]().eval(), features(16, 24)
    exact = run(mixer, x)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = run(mixer, x)
        extreme = run(mixer, 1e4 * x)
    assert (rounded - exact).abs().max() < 3e-2 * exact.abs().max()
    assert extreme.isfinite().all()


@pytest.mark.parametrize(
    "name", ["pooled attention", "shifted channel window", "shifted budget", "excursion", "prompt"]
)
def test_one_exported_graph_serves_every_size_of_two_periods_and_more(name):
    mixer = build(name)
    sides = [mixer.grid * torch.export.Dim(axis, min=2, max=64) for axis in "hw"]
    example = features(3 * mixer.grid, 5 * mixer.grid)
    graph = torch.export.export(mixer, (example, None), dynamic_shapes=({2: sides[0], 3: sides[1]}, None)).module()
    for height, width in [(2, 2), (7, 4)]:
        x = features(height * mixer.grid, width * mixer.grid)
        torch.testing.assert_close(graph(x, None), mixer(x, None), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["channel window", "shifted channel window", "shifted budget", "dense group"])
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (17, 23)])
def test_what_promises_any_size_keeps_it(name, size):
    x = features(*size)
    y = run(build(name), x)
    assert y.shape == x.shape and y.isfinite().all()


# What each one stands for


def test_channel_attention_is_its_definition_in_every_window_also_where_the_map_ends():
    mixer, x = build("shifted channel window", torch.float64), features(13, 10, torch.float64)
    qkv = mixer.local(mixer.qkv(x))[0]
    expected = torch.zeros_like(x)
    for rows, columns in product(((0, 4), (4, 12), (12, 13)), ((0, 4), (4, 10))):
        window = (slice(None), slice(*rows), slice(*columns))
        q, k, v = qkv[window].flatten(1).chunk(3)
        for head in range(2):
            at = slice(4 * head, 4 * head + 4)
            unit_q, unit_k = (t[at] / t[at].norm(dim=1, keepdim=True) for t in (q, k))
            mixed = (unit_q @ unit_k.T * mixer.temperature[head]).softmax(1) @ v[at]
            expected[0, at, rows[0] : rows[1], columns[0] : columns[1]] = mixed.unflatten(
                1, (rows[1] - rows[0], columns[1] - columns[0])
            )
    torch.testing.assert_close(mixer(x, None), mixer.project(expected), atol=1e-6, rtol=1e-6)


def test_pooled_attention_knows_other_positions_by_the_means_of_their_cells():
    mixer, x = build("pooled attention"), features(8, 8)
    turned = x.clone()
    turned[..., 4:6, 4:6] = x[..., 4:6, 4:6].flip(-1)
    before, after = run(mixer, x), run(mixer, turned)
    torch.testing.assert_close(after[:, 4:, :4], before[:, 4:, :4])  # channels of attention, far from the cell
    raised = x.clone()
    raised[..., 4:6, 4:6] += 1
    assert (run(mixer, raised)[:, 4:] - before[:, 4:])[..., 0, 0].abs().max() > 1e-3


@pytest.mark.parametrize("name", ["budgeted window", "shifted budget"])
def test_a_budget_of_nothing_leaves_the_convolution_alone(name):
    mixer, x = build(name), features(24, 24)
    mixer.threshold = 1.0
    assert torch.equal(run(mixer, x), run(mixer.cheap, x))


def test_the_budget_moves_the_answer_without_jumps():
    mixer, x = build("budgeted window"), features(24, 24)
    scores = mixer.gates(x)
    assert (scores > 0).all() and (scores < 1).all() and scores.std() > 1e-3
    mixer.threshold = threshold = float(scores.detach().median())
    torch.testing.assert_close(mixer.gates(x), F.relu(scores - threshold))
    assert (mixer.gates(x) > 0).sum() == len(scores[0]) // 2
    at_median = run(mixer, x)
    mixer.threshold += 1e-4
    assert 0 < (run(mixer, x) - at_median).abs().max() < 1e-2


def test_a_window_at_the_border_is_judged_by_its_positions_in_the_map_alone():
    mixer = build("shifted budget")
    flat = torch.full((1, CHANNELS, 12, 12), 0.7)
    torch.testing.assert_close(mixer.gates(flat), mixer.gates(flat)[:, :1].expand(1, 4))


def test_a_dense_group_is_its_formula():
    group, x = build("dense group"), features(6, 7)
    seen = [x]
    for squeeze, spread in zip(group.squeeze, group.spread, strict=True):
        seen.append(F.leaky_relu(spread(squeeze(torch.cat(seen, 1))), 0.2))
    torch.testing.assert_close(group(x, None), group.project(torch.cat(seen, 1)))
    assert len(seen) == 4


def test_an_excursion_works_at_half_resolution():
    mixer, sizes = build("excursion"), []
    mixer.blocks[0].register_forward_hook(lambda _module, _inputs, y: sizes.append(y.shape))
    mixer(features(12, 20), None)
    assert sizes == [(1, CHANNELS, 6, 10)]


def test_a_degradation_code_does_not_depend_on_the_place():
    mixer = build("prompt")
    torch.manual_seed(2)
    texture = torch.randn(1, CHANNELS, 8, 8)
    y = run(mixer, texture.repeat(1, 1, 3, 4))
    torch.testing.assert_close(y, y[..., :8, :8].repeat(1, 1, 3, 4), atol=1e-5, rtol=1e-5)
    louder = run(mixer, torch.cat([texture, 3 * texture], 3)) / torch.cat([texture, 3 * texture], 3)
    assert (louder[..., :4] - louder[..., -4:]).abs().max() > 1e-3  # the code, and not only the shift, has changed


def test_what_cannot_be_built_is_refused():
    refusals = {
        "must be even": lambda: PooledAttention(9),
        "kernel must be odd": lambda: PooledAttention(8, kernel=6),
        "multiples of 4": lambda: Excursion(6, []),
        "head_width": lambda: ChannelWindow(8, 8, head_width=3),
        "dilations of a kernel of 9 must be 2 to 4": lambda: LargeKernelMixer(8, 9, dilations=(5,)),
    }
    for message, build_wrong in refusals.items():
        with pytest.raises(ValueError, match=message):
            build_wrong()
