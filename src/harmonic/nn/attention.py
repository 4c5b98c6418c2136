"""Window attention, the mixer of `WindowAttnBlock` (seed §2, §5, §7, §11).

Sources: Swin (Liu et al., ICCV 2021), SwinIR (Liang et al., ICCVW 2021); lattice windows: CFAT (Ray et al., CVPR
2024); pairs of rectangular windows: DAT (Chen et al., ICCV 2023).
"""

import torch
from torch import Tensor, nn

from harmonic.nn.cells import CellGate, Cells
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.projection import Projection
from harmonic.ops.attention import attend
from harmonic.ops.window import (
    Windows,
    from_windows,
    key_mask,
    relative_position_index,
    relative_positions,
    to_windows,
)

MAX_HEAD_WIDTH = 32
"""Channels of a head (seed §11)."""


class Bias(nn.Module):
    """Learned scores of each head, looked up by relative position. -> (heads, queries, keys)

    table (heads, positions); index (queries, keys) into it, which depends on the window alone and is not saved.
    Detached outside training: a mask that asks for a gradient turns the fused CPU kernel off, which doubles the time.
    """

    index: Tensor

    def __init__(self, table: Tensor, index: Tensor):
        super().__init__()
        self.table = nn.Parameter(table)
        self.register_buffer("index", index, persistent=False)

    def forward(self) -> Tensor:
        table = self.table if self.training else self.table.detach()
        return table.index_select(1, self.index.flatten()).unflatten(1, self.index.shape)


class RelativeBias(Bias):
    """Of a window's positions to it and `overlap` positions around. -> (heads, h·w, (h + 2·overlap)·(w + 2·overlap))"""

    def __init__(self, heads: int, size: tuple[int, int], overlap: int = 0):
        rows, columns = relative_positions(size, overlap)
        table = nn.init.trunc_normal_(torch.empty(heads, rows * columns), std=0.02)
        super().__init__(table, relative_position_index(size, overlap))


class WindowHeads(nn.Module):
    """Attention heads over one way of cutting the map. q, k, v together (B, 3C, H, W), any H, W -> (B, C, H, W)"""

    def __init__(self, channels: int, head_width: int, windows: Windows):
        super().__init__()
        self.head_width, self.windows = head_width, windows
        self.bias = RelativeBias(head_count(channels, head_width), windows.size)

    def forward(self, qkv: Tensor) -> Tensor:
        height, width = qkv.shape[-2:]
        live = key_mask(height, width, self.windows, qkv.device)
        q, k, v = to_windows(qkv, self.windows).chunk(3, -1)
        return from_windows(attend(q, k, v, self.head_width, self.bias(), live), height, width, self.windows)


class WindowAttention(ProjectedMixer):
    """Self-attention inside windows with relative position bias. (B, C, H, W), any H, W -> same shape

    window: side of a square window, or (rows, columns). shifted: windows begin half a period later.
    dilation: a window takes every dilation-th position, for the same work over a wider field.
    reach = (window - 1)·dilation, grid = window·dilation. q, k and v have no bias: one on keys changes nothing, one on
    values is the projection's, and the norm before brings one for queries.
    """

    def __init__(
        self,
        channels: int,
        window: int | tuple[int, int] = 8,
        shifted: bool = False,
        dilation: int = 1,
        head_width: int = MAX_HEAD_WIDTH,
        cell_channels: int | None = None,
    ):
        super().__init__()
        size = (window, window) if isinstance(window, int) else window
        windows = Windows(size, dilation, shifted)
        self.reach, self.grid = windows.reach, windows.grid
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.heads = WindowHeads(channels, head_width, windows)
        self.attention = CellGate(cell_channels, channels) if cell_channels else None
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        y = self.heads(self.qkv(x))
        if self.attention is not None:
            y = self.attention(y, cells)
        return y


class RectangleAttention(ProjectedMixer):
    """Half of the heads look along rows, half along columns: windows of h x w and of w x h. Else as `WindowAttention`.

    8 x 32 with 32 x 8 spans 32 positions per axis for the work of 16 x 16.
    reach = (max(h, w) - 1)·dilation, grid = lcm(h, w)·dilation.
    """

    def __init__(
        self,
        channels: int,
        window: tuple[int, int] = (8, 16),
        shifted: bool = False,
        dilation: int = 1,
        head_width: int = MAX_HEAD_WIDTH,
        cell_channels: int | None = None,
    ):
        super().__init__()
        windows = Windows(window, dilation, shifted)
        turned = Windows((window[1], window[0]), dilation, shifted)
        self.reach, self.grid = windows.reach, windows.grid
        head_count(channels, 2 * head_width, limit=2 * MAX_HEAD_WIDTH)  # heads come in pairs
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.heads = nn.ModuleList(WindowHeads(channels // 2, head_width, cut) for cut in (windows, turned))
        self.attention = CellGate(cell_channels, channels) if cell_channels else None
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        halves = self.qkv(x).chunk(2, 1)
        y = torch.cat([heads(half) for heads, half in zip(self.heads, halves, strict=True)], 1)
        if self.attention is not None:
            y = self.attention(y, cells)
        return y


def head_count(channels: int, head_width: int, limit: int = MAX_HEAD_WIDTH) -> int:
    """Heads of `head_width` channels. Raises ValueError when they do not fill `channels` or are too wide."""
    if not 0 < head_width <= limit or channels % head_width:
        raise ValueError(f"head_width must be at most {limit} and divide {channels} channels, got {head_width}")
    return channels // head_width
