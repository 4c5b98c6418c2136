"""The window attention family: its definition position by position, and the laws of every mixer."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from harmonic.nn import attention
from harmonic.nn.attention import RectangleAttention, RelativeBias, WindowAttention
from harmonic.nn.cells import Cells
from harmonic.nn.conv_gate import ConvGate
from harmonic.nn.guide import Guide
from harmonic.nn.mixer import Mixer
from harmonic.nn.overlap_attention import OverlapAttention
from harmonic.nn.window_block import WindowAttnBlock

CHANNELS, HEAD = 8, 4


class AsMixer(Mixer):
    """A block that is called as a mixer is."""

    def __init__(self, block: WindowAttnBlock):
        super().__init__()
        self.block, self.reach, self.grid = block, block.reach, block.grid

    def forward(self, x: torch.Tensor, cells: Cells | None) -> torch.Tensor:
        return self.block(x, Guide(cells=cells))


MIXERS = {
    "windows": lambda: WindowAttention(CHANNELS, 8, head_width=HEAD),
    "shifted": lambda: WindowAttention(CHANNELS, 8, shifted=True, head_width=HEAD),
    "rectangle": lambda: WindowAttention(CHANNELS, (4, 6), head_width=HEAD),
    "lattice": lambda: WindowAttention(CHANNELS, 4, dilation=2, head_width=HEAD),
    "shifted lattice": lambda: WindowAttention(CHANNELS, 4, shifted=True, dilation=3, head_width=HEAD),
    "pair": lambda: RectangleAttention(CHANNELS, (4, 8), head_width=HEAD),
    "shifted pair": lambda: RectangleAttention(CHANNELS, (4, 8), shifted=True, head_width=HEAD),
    "overlap": lambda: OverlapAttention(CHANNELS, 8, 4, head_width=HEAD),
    "narrow overlap": lambda: OverlapAttention(CHANNELS, 6, 1, head_width=HEAD),
}
COMPOSED = MIXERS | {
    "gate before": lambda: ConvGate(WindowAttention(CHANNELS, 4, head_width=HEAD), CHANNELS, "before"),
    "gate after": lambda: ConvGate(WindowAttention(CHANNELS, 4, head_width=HEAD), CHANNELS, "after"),
    "block": lambda: AsMixer(
        WindowAttnBlock(WindowAttention(CHANNELS, 4, shifted=True, head_width=HEAD), CHANNELS, 1.0, True, "before")
    ),
}
mixers = pytest.mark.parametrize("name", MIXERS)
composed = pytest.mark.parametrize("name", COMPOSED)


def build(name: str, dtype: torch.dtype = torch.float32) -> nn.Module:
    """A mixer with strong random weights, at evaluation."""
    torch.manual_seed(0)
    mixer = COMPOSED[name]()
    for parameter in mixer.parameters():
        nn.init.normal_(parameter, std=0.6)
    return mixer.to(dtype).eval()


def features(height: int, width: int, dtype: torch.dtype = torch.float32, batch: int = 1) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(batch, CHANNELS, height, width, dtype=dtype).contiguous(memory_format=torch.channels_last)


def plain(mixer: Mixer, x: torch.Tensor) -> torch.Tensor:
    """Attention of each position to the positions that its definition names, one by one."""
    height, width = x.shape[-2:]
    if isinstance(mixer, OverlapAttention):
        groups = [(mixer.qkv(x), mixer.windows, mixer.bias.table, mixer.overlap)]
    else:
        heads = list(mixer.heads) if isinstance(mixer, RectangleAttention) else [mixer.heads]
        parts = mixer.qkv(x).chunk(len(heads), 1)
        groups = [(part, h.windows, h.bias.table, 0) for part, h in zip(parts, heads, strict=True)]
    outputs = []
    for qkv, windows, table, overlap in groups:
        out = torch.zeros_like(qkv.chunk(3, 1)[0])
        for y in range(height):
            for u in range(width):
                rows, dy = _line(y, height, 0, windows, overlap)
                columns, dx = _line(u, width, 1, windows, overlap)
                pairs = [(r, c, e * (2 * (windows.size[1] + overlap) - 1) + f)
                         for r, e in zip(rows, dy, strict=True) for c, f in zip(columns, dx, strict=True)]  # fmt: skip
                r, c, index = (torch.tensor(t) for t in zip(*pairs, strict=True))
                q, (k, v) = qkv.chunk(3, 1)[0][0, :, y, u], (t[0][:, r, c] for t in qkv.chunk(3, 1)[1:])
                for h in range(len(table)):
                    at = slice(h * HEAD, (h + 1) * HEAD)
                    score = q[at] @ k[at] * HEAD**-0.5 + table[h, index]
                    out[0, at, y, u] = v[at] @ score.softmax(0)
        outputs.append(out)
    return mixer.project(torch.cat(outputs, 1))


def _line(at: int, length: int, axis: int, windows, overlap: int) -> tuple[list[int], list[int]]:
    """Positions of one axis that `at` attends to, and where the bias table holds their differences."""
    size, period, d = windows.size[axis], windows.period[axis], windows.dilation
    start = period // 2 if windows.shifted else 0
    first = (at - start) // period * period + start
    keys = [k for k in range(first - overlap, first + period + overlap) if 0 <= k < length and (k - at) % d == 0]
    return keys, [(k - at) // d + size - 1 + overlap for k in keys]


@mixers
@pytest.mark.parametrize("size", [(4, 4), (11, 17)])
def test_attention_is_what_its_definition_says_at_any_size(name, size):
    mixer, x = build(name, torch.float64), features(*size, torch.float64)
    torch.testing.assert_close(mixer(x, None), plain(mixer, x))


def test_the_definition_notices_padding_that_takes_part(monkeypatch):
    mixer, x = build("shifted", torch.float64), features(11, 17, torch.float64)
    monkeypatch.setattr(attention, "key_mask", lambda *args: None)
    assert (mixer(x, None) - plain(mixer, x)).abs().max() > 1e-3


@composed
def test_nothing_wraps_around_and_reach_is_exact(name):
    """A NaN reaches positions within `reach` only, and some exactly that far away."""
    mixer, side = build(name, torch.float64), 40
    farthest = 0
    with torch.inference_mode():
        for at in range(12, 28):
            x = features(side, side, torch.float64)
            x[..., at, at] = torch.nan
            hit = mixer(x, None).isnan().any(1)[0]
            for axis in (0, 1):
                distance = (hit.any(axis).nonzero()[:, 0] - at).abs()
                farthest = max(farthest, int(distance.max()))
    assert farthest <= mixer.reach
    assert farthest >= mixer.reach - 1  # a gate's border and a window's seldom meet


@composed
def test_a_tile_on_the_grid_has_the_numbers_of_the_whole(name):
    mixer = build(name)
    first, reach = mixer.grid, mixer.reach
    x = features(2 * first + 2 * reach + 9, 2 * first + 2 * reach + 5)
    with torch.inference_mode():
        whole, tile = mixer(x, None), mixer(x[..., first:-3, first:-2], None)
    inner = (slice(None), slice(None), slice(reach, -reach), slice(reach, -reach))
    torch.testing.assert_close(tile[inner], whole[..., first:-3, first:-2][inner], atol=1e-5, rtol=1e-5)


def test_a_tile_off_the_grid_is_noticed():
    mixer, x = build("windows"), features(40, 40)
    whole, tile = mixer(x, None), mixer(x[..., 4:, 4:], None)
    assert (tile - whole[..., 4:, 4:])[..., 8:-8, 8:-8].abs().max() > 1e-2


@composed
def test_a_batch_is_its_maps_and_strides_stay_channels_last(name):
    mixer, x = build(name), features(12, 20, batch=3)
    kept = x.clone()
    with torch.inference_mode():
        y = mixer(x, None)
        singles = torch.cat([mixer(x[i : i + 1], None) for i in range(3)])
    torch.testing.assert_close(y, singles, atol=1e-5, rtol=1e-5)
    assert y.shape == x.shape and y.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, kept)


@composed
def test_every_parameter_has_a_gradient_in_training(name):
    torch.manual_seed(0)
    mixer, x = COMPOSED[name]().train(), features(12, 20, batch=2)
    optimiser = torch.optim.SGD(mixer.parameters(), lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        (mixer(x, None) - x.roll(1, -1)).square().mean().backward()
        optimiser.step()
    for parameter_name, parameter in mixer.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, parameter_name


@composed
def test_bfloat16_is_close_to_float32(name):
    torch.manual_seed(0)
    mixer, x = COMPOSED[name]().eval(), features(12, 20)
    with torch.inference_mode():
        exact = mixer(x, None)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = mixer(x, None)
    assert (rounded - exact).abs().max() < 2e-2 * exact.abs().max()


@pytest.mark.parametrize("name", ["pair", "shifted lattice", "overlap"])
def test_one_exported_graph_serves_every_size_of_two_windows_and_more(name):
    mixer = build(name)
    sides = [mixer.grid * torch.export.Dim(axis, min=2, max=64) for axis in "hw"]
    example = features(3 * mixer.grid, 5 * mixer.grid)
    graph = torch.export.export(mixer, (example, None), dynamic_shapes=({2: sides[0], 3: sides[1]}, None)).module()
    for height, width in [(2, 2), (3, 5), (7, 4)]:
        x = features(height * mixer.grid, width * mixer.grid)
        torch.testing.assert_close(graph(x, None), mixer(x, None), atol=1e-5, rtol=1e-5)


def test_the_bias_asks_for_no_gradient_outside_training():
    bias = RelativeBias(2, (8, 8))
    assert bias.train()().requires_grad and not bias.eval()().requires_grad
    assert set(bias.state_dict()) == {"table"}


@mixers
def test_channel_attention_from_cells_gates_the_answer(name):
    plain_mixer = build(name)
    kind, options = type(plain_mixer), {}
    if kind is not OverlapAttention:
        options["window"] = (4, 8) if kind is RectangleAttention else 8
    torch.manual_seed(0)
    mixer = kind(CHANNELS, head_width=HEAD, cell_channels=3, **options).eval()
    ungated = deepcopy(mixer)
    ungated.attention = None
    x, cells = features(8, 8), Cells(torch.randn(1, 3, 2, 2), side=4, rows=8)
    assert torch.equal(mixer(x, cells), ungated(x, None))  # gates start at 1
    nn.init.normal_(mixer.attention.gate.weight)
    assert not torch.equal(mixer(x, cells), ungated(x, None))
    with pytest.raises(AssertionError, match="pools its features"):
        mixer(x, None)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_gate_starts_open_and_closes_on_its_input(place):
    torch.manual_seed(0)
    mixer = WindowAttention(CHANNELS, 8, head_width=HEAD)
    gated, x = ConvGate(mixer, CHANNELS, place), features(8, 8)
    torch.testing.assert_close(gated(x, None), mixer(x, None))
    nn.init.constant_(gated.gate.bias, -100)
    expected = mixer(torch.zeros_like(x), None) if place == "before" else torch.zeros_like(x)
    torch.testing.assert_close(gated(x, None), expected)


def test_a_window_block_is_the_formula_of_the_canonical_block():
    block, x = build("block").block, features(8, 12)
    middle = x + block.mixer(block.norm1(x), None)
    torch.testing.assert_close(block(x, Guide()), middle + block.ffn(block.norm2(middle)))


def test_heads_wider_than_32_or_that_do_not_fit_are_refused():
    for build_wrong in (
        lambda: WindowAttention(128, 8, head_width=64),
        lambda: WindowAttention(48, 8, head_width=32),
        lambda: RectangleAttention(96, (4, 8), head_width=32),
        lambda: OverlapAttention(80, 8, 4, head_width=40),
    ):
        with pytest.raises(ValueError, match="head_width"):
            build_wrong()
    with pytest.raises(ValueError, match="overlap"):
        OverlapAttention(64, 8, 5)
