"""Attention between channels, with statistics of windows (seed §5, §12).

Sources: the transposed attention of Restormer (Zamir et al., CVPR 2022), its alternation with spatial windows in DAT
(Chen et al., ICCV 2023). Theirs measures channels over the whole picture, so that tiles differ from the whole; windows
at absolute positions keep them equal.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.attention import MAX_HEAD_WIDTH, head_count
from harmonic.nn.cells import Cells
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.projection import Projection
from harmonic.ops.window import Windows, from_windows, to_windows


class ChannelWindow(ProjectedMixer):
    """In each window, every channel of a head becomes a mixture of the channels that resemble it there.

    (B, C, H, W), any H, W -> same shape. Queries and keys of a channel are its values at the window's positions, after
    a depthwise 3x3, with length 1 in fp32; `temperature` per head is learned. Positions outside the map are zeros in
    q, k and v and so take no part.
    reach = window, with the 3x3; grid = window.
    """

    def __init__(self, channels: int, window: int = 16, shifted: bool = False, head_width: int = MAX_HEAD_WIDTH):
        super().__init__()
        self.windows = Windows((window, window), shifted=shifted)
        self.reach, self.grid = window, window
        self.head_width = head_width
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.local = nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=False)
        self.temperature = nn.Parameter(torch.ones(head_count(channels, head_width), 1, 1))
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        tokens = to_windows(self.local(self.qkv(x)), self.windows)  # (B, N, T, 3C)
        q, k, v = tokens.transpose(2, 3).unflatten(2, (-1, self.head_width)).chunk(3, 2)  # (B, N, heads, d, T)
        q, k = (F.normalize(part.float(), dim=-1).to(v.dtype) for part in (q, k))
        weights = (q @ k.transpose(-1, -2) * self.temperature.to(v.dtype)).softmax(-1)  # (B, N, heads, d, d)
        y = (weights.to(v.dtype) @ v).flatten(2, 3).transpose(2, 3)
        return from_windows(y, x.shape[-2], x.shape[-1], self.windows)
