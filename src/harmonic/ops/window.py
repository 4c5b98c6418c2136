"""Windows of tokens: cutting a map into windows and putting it together again (seed §11).

Windows stand at absolute positions: they begin at multiples of a period counted from the map's top-left corner, half
a period later when shifted. A shift is padding, never a roll, so nothing wraps around; what padding adds is told
apart by `live_keys`. Sources: Swin (Liu et al., ICCV 2021); lattice windows: CFAT (Ray et al., CVPR 2024); overlapping
keys: HAT (Chen et al., CVPR 2023).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """How a map is cut, in positions of its own grid.

    size: tokens of a window, rows and columns.
    dilation: a window takes every dilation-th position per axis; the positions between belong to windows beside it.
    shifted: windows begin half a period later.
    """

    size: tuple[int, int]
    dilation: int = 1
    shifted: bool = False

    def __post_init__(self) -> None:
        if min(*self.size, self.dilation) < 1:
            raise ValueError(f"window and dilation must be at least 1, got {self.size} and {self.dilation}")

    @property
    def period(self) -> tuple[int, int]:
        """Rows and columns after which the cut repeats."""
        return self.size[0] * self.dilation, self.size[1] * self.dilation

    @property
    def grid(self) -> int:
        """A tile that starts on a multiple of this has the windows of the whole map."""
        return math.lcm(*self.period)

    @property
    def reach(self) -> int:
        """Largest distance, per axis, between two positions of one window."""
        return (max(self.size) - 1) * self.dilation

    def margins(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Padding (left, right, top, bottom) that makes a map of height x width whole windows."""
        (top, bottom), (left, right) = (
            _margin(side, period, self.shifted) for side, period in zip((height, width), self.period, strict=True)
        )
        return left, right, top, bottom


def to_windows(x: Tensor, windows: Windows) -> Tensor:
    """Pad with zeros where windows stick out, and cut. (B, C, H, W), any H, W -> (B, N, T, C), T = h·w"""
    return window_partition(F.pad(x, windows.margins(*x.shape[-2:])), windows.size, windows.dilation)


def from_windows(tokens: Tensor, height: int, width: int, windows: Windows) -> Tensor:
    """The inverse of `to_windows`. (B, N, T, C) -> (B, C, height, width), channels-last"""
    left, right, top, bottom = windows.margins(height, width)
    x = window_reverse(tokens, top + height + bottom, left + width + right, windows.size, windows.dilation)
    return x[..., top : top + height, left : left + width].contiguous(memory_format=torch.channels_last)


def live_keys(height: int, width: int, windows: Windows, device: torch.device | None = None) -> Tensor:
    """Which tokens are positions of the map rather than padding. -> (N, T), bool"""
    return to_windows(torch.ones(1, 1, height, width, device=device), windows)[0, :, :, 0] > 0


def key_mask(height: int, width: int, windows: Windows, device: torch.device | None = None) -> Tensor | None:
    """`live_keys`, or None where all tokens are positions of the map: whole windows need no mask.

    An exported graph, made for any size, has it always.
    """
    padded = torch.compiler.is_exporting() or any(windows.margins(height, width))
    return live_keys(height, width, windows, device) if padded else None


def window_partition(x: Tensor, size: tuple[int, int], dilation: int = 1) -> Tensor:
    """Cut a map into windows. (B, C, H, W), H and W multiples of size·dilation -> (B, N, T, C), T = h·w

    The tokens of a window are the positions of equal phase (y mod dilation, x mod dilation) in a block of
    size·dilation positions.
    """
    (h, w), d = size, dilation
    B, C, H, W = x.shape
    x = x.permute(0, 2, 3, 1).reshape(B, H // (h * d), h, d, W // (w * d), w, d, C)
    return x.permute(0, 1, 3, 4, 6, 2, 5, 7).reshape(B, (H // h) * (W // w), h * w, C)


def window_reverse(tokens: Tensor, height: int, width: int, size: tuple[int, int], dilation: int = 1) -> Tensor:
    """The inverse of `window_partition`. (B, N, T, C) -> (B, C, height, width), channels-last"""
    (h, w), d = size, dilation
    B, C = tokens.shape[0], tokens.shape[-1]
    x = tokens.reshape(B, height // (h * d), d, width // (w * d), d, h, w, C)
    return x.permute(0, 1, 5, 2, 3, 6, 4, 7).reshape(B, height, width, C).permute(0, 3, 1, 2)


def overlapping_partition(x: Tensor, size: tuple[int, int], overlap: int) -> Tensor:
    """Windows that also hold the `overlap` positions around them; zeros outside the map.

    (B, C, H, W), H and W multiples of `size`, overlap at most half of it -> (B, N, (h + 2·overlap)·(w + 2·overlap), C),
    in the order of `window_partition`. Each window is its own block of a map moved by `overlap` and the beginning of
    the next block: slices only, which every runtime has, where `unfold` is slow or missing.
    """
    (h, w), o = size, overlap
    B, C, H, W = x.shape
    x = F.pad(x, (o, w - o, o, h - o)).permute(0, 2, 3, 1).reshape(B, H // h + 1, h, W // w + 1, w, C)
    x = torch.cat([x[:, :-1], x[:, 1:, : 2 * o]], 2)
    x = torch.cat([x[:, :, :, :-1], x[:, :, :, 1:, : 2 * o]], 4)
    return x.transpose(2, 3).reshape(B, (H // h) * (W // w), (h + 2 * o) * (w + 2 * o), C)


def relative_position_index(size: tuple[int, int], overlap: int = 0) -> Tensor:
    """Where a table of relative positions holds the pair (query, key). -> (h·w, (h + 2·overlap)·(w + 2·overlap)), int64

    The table has a row for each relative row, -(h - 1 + overlap) to h - 1 + overlap, and the same for columns.
    """
    rows, columns = (_line_index(side, overlap) for side in size)  # (queries, keys) of one axis
    index = rows[:, None, :, None] * relative_positions(size, overlap)[1] + columns[None, :, None, :]
    return index.flatten(2).flatten(0, 1)


def relative_positions(size: tuple[int, int], overlap: int = 0) -> tuple[int, int]:
    """Rows and columns of the table that `relative_position_index` points into."""
    return 2 * (size[0] + overlap) - 1, 2 * (size[1] + overlap) - 1


def _margin(side: int, period: int, shifted: bool) -> tuple[int, int]:
    before = period - period // 2 if shifted else 0
    count = (before + side + period - 1) // period  # so written that symbolic shapes know it to be whole windows
    return before, count * period - before - side


def _line_index(side: int, overlap: int) -> Tensor:
    keys = torch.arange(-overlap, side + overlap)
    return keys[None, :] - torch.arange(side)[:, None] + side - 1 + overlap
