"""`StateSpace`: strips, reach, and the scan it stands for."""

import pytest
import torch
import torch.nn.functional as F

from harmonic.nn.block import Block
from harmonic.nn.guide import Guide
from harmonic.nn.scan import LineScan, StateSpace


def _mixer(strip: int = 8, shift: int = 0) -> StateSpace:
    torch.manual_seed(0)
    mixer = StateSpace(12, 3, 4, strip, shift)
    with torch.no_grad():
        for scan in (mixer.rows, mixer.columns):
            scan.step_bias.fill_(0)  # steps near 0.7, so that the scan carries weight
        mixer.project.scale.fill_(1)
    return mixer.eval()


@pytest.mark.parametrize("shift", [0, 4, 5])
def test_a_line_is_scanned_strip_by_strip_in_both_directions(shift):
    torch.manual_seed(0)
    strip, states, heads, L = 8, 4, 3, 21
    scan = LineScan(heads, states, strip, shift)
    values, drive = torch.randn(2, 3, L, 12), torch.randn(2, 3, L, scan.drives)
    keys, queries, raw = drive.split([states, states, heads], -1)
    steps = F.softplus(raw + scan.step_bias)
    rates = scan.log_rate.exp()
    expected = torch.zeros_like(values)
    for order in (range(L), range(L - 1, -1, -1)):
        backward = order[0] != 0 and L > 1
        state, last, last_decay = None, None, None
        for i in order:
            decay = steps[:, :, i] * rates  # (2, 3, heads)
            new = torch.einsum(
                "bln,blhp->blhnp", keys[:, :, i], (values[:, :, i].unflatten(-1, (heads, -1)) * steps[:, :, i, :, None])
            )
            joined = state is not None and (i + shift) // strip == (last + shift) // strip
            carried = torch.zeros_like(new)
            if joined:
                carried = torch.exp(-(last_decay if backward else decay))[..., None, None] * state
            state, last, last_decay = carried + new, i, decay
            read = carried if backward else state
            expected[:, :, i] += torch.einsum("bln,blhnp->blhp", queries[:, :, i], read).flatten(-2)
    torch.testing.assert_close(scan(values, drive), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shift", [0, 3])
def test_positions_see_their_strips_and_no_further(shift):
    mixer = _mixer(8, shift)
    x = torch.randn(1, 12, 24, 28, requires_grad=True)
    mixer(x, None)[0, :, 10, 13].sum().backward()
    seen = x.grad[0].abs().amax(0) > 0
    rows, columns = torch.arange(24), torch.arange(28)
    cross = torch.zeros(24, 28, dtype=torch.bool)
    cross[10] = (columns + shift) // 8 == (13 + shift) // 8
    cross[:, 13] = (rows + shift) // 8 == (10 + shift) // 8
    assert torch.equal(seen, cross)
    assert max((seen.any(1).nonzero() - 10).abs().max(), (seen.any(0).nonzero() - 13).abs().max()) <= mixer.reach


def test_the_stated_reach_is_met():
    mixer = _mixer(8)
    x = torch.randn(1, 12, 8, 8, requires_grad=True)
    mixer(x, None)[0, :, 0, 0].sum().backward()
    assert x.grad[0, :, mixer.reach, 0].any() and x.grad[0, :, 0, mixer.reach].any()


@pytest.mark.parametrize("shift", [0, 4])
def test_tiles_equal_the_whole_beyond_the_reach(shift):
    mixer, x = _mixer(8, shift), torch.randn(1, 12, 40, 48)
    whole, tile = mixer(x, None), mixer(x[..., 8:32, 16:44], None)
    torch.testing.assert_close(tile[..., 7:-7, 7:-7], whole[..., 15:25, 23:37], atol=1e-6, rtol=1e-5)
    off_grid = mixer(x[..., 9:33, 16:44], None)
    assert (off_grid[..., 7:-7, 7:-7] - whole[..., 16:26, 23:37]).abs().max() > 1e-3  # the fault is noticed


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (4, 12), (20, 8), (17, 23)])
def test_any_size_any_batch(size):
    mixer, x = _mixer(16, 8), torch.randn(3, 12, *size).contiguous(memory_format=torch.channels_last)
    y = mixer(x, None)
    assert y.shape == x.shape and y.isfinite().all()
    singles = torch.cat([mixer(one[None], None) for one in x])
    torch.testing.assert_close(y, singles, atol=1e-6, rtol=1e-5)


def test_strides_stay_channels_last_and_bf16_is_close():
    mixer, x = _mixer(), torch.randn(1, 12, 16, 16).contiguous(memory_format=torch.channels_last)
    y = mixer(x, None)
    assert y.is_contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        assert (mixer(x, None).float() - y).abs().max() < 3e-2 * y.abs().max()


def test_every_parameter_learns_from_the_first_step():
    torch.manual_seed(0)
    block = Block(StateSpace(12, 3, 4), 12, 1.0, True)
    block(torch.randn(2, 12, 16, 16), Guide()).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in block.parameters())


@pytest.mark.parametrize("shift", [0, 4])
def test_one_exported_graph_serves_every_size_of_two_strips_and_more(shift):
    mixer, (h, w) = _mixer(8, shift), (8 * torch.export.Dim(axis, min=2, max=64) for axis in "hw")
    example = torch.randn(1, 12, 24, 32)
    graph = torch.export.export(mixer, (example, None), dynamic_shapes=({2: h, 3: w}, None)).module()
    x = torch.randn(1, 12, 40, 16)
    torch.testing.assert_close(graph(x, None), mixer(x, None), atol=1e-5, rtol=1e-5)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="multiple of heads"):
        StateSpace(10, 3, 4)
    with pytest.raises(ValueError, match="strip"):
        StateSpace(12, 3, 4, strip=32)
