"""Attention whose keys come from a larger window than its queries (seed §2, §11).

Source: the overlapping cross-attention block of HAT (Chen et al., CVPR 2023). Two of its defects are mended: keys
outside the map are masked instead of taking part as zeros, and all indices of the bias table are non-negative.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.attention import MAX_HEAD_WIDTH, RelativeBias, head_count
from harmonic.nn.cells import CellGate, Cells
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.projection import Projection
from harmonic.ops.attention import attend
from harmonic.ops.window import Windows, from_windows, overlapping_partition, window_partition


class OverlapAttention(ProjectedMixer):
    """Queries of a window attend to it and to `overlap` positions around it. (B, C, H, W), any H, W -> same shape

    overlap: at most half of the window; HAT has a quarter. Information crosses window borders without a shift.
    reach = window - 1 + overlap, grid = window.
    """

    def __init__(
        self,
        channels: int,
        window: int = 8,
        overlap: int = 4,
        head_width: int = MAX_HEAD_WIDTH,
        cell_channels: int | None = None,
    ):
        super().__init__()
        if not 0 < overlap <= window // 2:
            raise ValueError(f"overlap must be 1 to half of the window ({window}), got {overlap}")
        self.windows, self.overlap, self.head_width = Windows((window, window)), overlap, head_width
        self.reach, self.grid = window - 1 + overlap, window
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.bias = RelativeBias(head_count(channels, head_width), self.windows.size, overlap)
        self.attention = CellGate(cell_channels, channels) if cell_channels else None
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        height, width = x.shape[-2:]
        size, margins = self.windows.size, self.windows.margins(height, width)
        q, kv = F.pad(self.qkv(x), margins).split((x.shape[1], 2 * x.shape[1]), 1)
        k, v = overlapping_partition(kv, size, self.overlap).chunk(2, -1)
        inside = F.pad(torch.ones(1, 1, height, width, device=x.device), margins)
        live = overlapping_partition(inside, size, self.overlap)[0, :, :, 0] > 0
        tokens = attend(window_partition(q, size), k, v, self.head_width, self.bias(), live)
        y = from_windows(tokens, height, width, self.windows)
        if self.attention is not None:
            y = self.attention(y, cells)
        return y
