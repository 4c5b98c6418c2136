"""Windows against their definition, position by position."""

import pytest
import torch
import torch.nn.functional as F

from harmonic.ops.window import (
    Windows,
    from_windows,
    live_keys,
    overlapping_partition,
    relative_position_index,
    relative_positions,
    to_windows,
    window_partition,
    window_reverse,
)

CUTS = [
    Windows((8, 8)),
    Windows((8, 8), shifted=True),
    Windows((4, 6), dilation=2),
    Windows((4, 4), dilation=3, shifted=True),
    Windows((5, 3), shifted=True),
    Windows((1, 1)),
]
SIZES = [(1, 1), (4, 4), (16, 24), (13, 30)]


@pytest.mark.parametrize("size, dilation", [((8, 8), 1), ((4, 8), 2), ((2, 1), 3)])
def test_reverse_undoes_partition(size, dilation):
    height, width = 2 * size[0] * dilation, 3 * size[1] * dilation
    x = torch.randn(2, 3, height, width)
    tokens = window_partition(x, size, dilation)
    assert tokens.shape == (2, 6 * dilation**2, size[0] * size[1], 3)
    assert torch.equal(window_reverse(tokens, height, width, size, dilation), x)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("windows", CUTS, ids=str)
def test_padded_windows_come_back_channels_last_and_hold_every_position_once(windows, size):
    x = torch.randn(2, 4, *size).contiguous(memory_format=torch.channels_last)
    tokens = to_windows(x, windows)
    back = from_windows(tokens, *size, windows)
    assert torch.equal(back, x)
    assert back.stride(1) == 1 or size == (1, 1)
    live = live_keys(*size, windows)
    assert live.shape == tokens.shape[1:3] and live.sum() == size[0] * size[1]
    assert not tokens[:, ~live].any()


@pytest.mark.parametrize("windows", CUTS, ids=str)
def test_a_window_is_the_positions_of_one_phase_in_one_absolute_block(windows):
    height, width = 26, 31
    position = torch.arange(1.0, height * width + 1).reshape(1, 1, height, width)
    found = {frozenset(window[window > 0].int().tolist()) for window in to_windows(position, windows)[0, ..., 0]}
    (rows, columns), d = windows.period, windows.dilation
    y0, x0 = (rows // 2, columns // 2) if windows.shifted else (0, 0)
    expected: dict[tuple[int, ...], set[int]] = {}
    for y in range(height):
        for x in range(width):
            v, u = y - y0, x - x0
            expected.setdefault((v // rows, u // columns, v % d, u % d), set()).add(y * width + x + 1)
    assert found - {frozenset()} == {frozenset(window) for window in expected.values()}


@pytest.mark.parametrize("windows", CUTS, ids=str)
def test_a_piece_that_starts_on_the_grid_has_the_windows_of_the_whole(windows):
    x = torch.randn(1, 1, 3 * windows.grid, 3 * windows.grid)
    piece = x[..., windows.grid :, windows.grid :]
    whole = {tuple(window.tolist()) for window in to_windows(x, windows)[0, ..., 0]}
    live = live_keys(*piece.shape[-2:], windows).all(1)
    assert {tuple(window.tolist()) for window in to_windows(piece, windows)[0, live, :, 0]} <= whole


@pytest.mark.parametrize("size, overlap", [((8, 8), 4), ((8, 8), 2), ((4, 6), 1), ((16, 16), 8)])
def test_overlapping_windows_are_those_of_unfold(size, overlap):
    (h, w), o = size, overlap
    x = torch.randn(2, 3, 2 * h, 3 * w)
    K = (h + 2 * o, w + 2 * o)
    expected = F.unfold(x, K, padding=o, stride=size).reshape(2, 3, K[0] * K[1], -1).permute(0, 3, 2, 1)
    assert torch.equal(overlapping_partition(x, size, overlap), expected)


@pytest.mark.parametrize("size, overlap", [((8, 8), 0), ((4, 6), 0), ((8, 8), 4), ((3, 5), 1)])
def test_a_relative_index_names_a_difference_of_positions_and_fills_the_table(size, overlap):
    (h, w), o = size, overlap
    rows, columns = relative_positions(size, overlap)
    index = relative_position_index(size, overlap)
    assert index.shape == (h * w, (h + 2 * o) * (w + 2 * o))
    assert index.unique().tolist() == list(range(rows * columns))
    for query in range(h * w):
        for key in (0, index.shape[1] // 2 + 1, index.shape[1] - 1):
            dy = key // (w + 2 * o) - o - query // w
            dx = key % (w + 2 * o) - o - query % w
            assert index[query, key] == (dy + h - 1 + o) * columns + dx + w - 1 + o


def test_empty_windows_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Windows((8, 0))
    with pytest.raises(ValueError, match="at least 1"):
        Windows((8, 8), dilation=0)
