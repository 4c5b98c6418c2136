"""Mirror padding that works for every size from 1x1 up."""

import torch
from torch import Tensor


def mirror_index(length: int, before: int, after: int, device: torch.device | None = None) -> Tensor:
    """Indices of a line of `length` samples extended by mirroring with the edge sample repeated, periodically.

    The rule of MATLAB's `symmetric` padding: … 1 0 | 0 1 … n-1 | n-1 n-2 …; unlike `reflect` it exists for length 1.
    """
    index = torch.arange(-before, length + after, device=device).remainder(2 * length)
    return torch.minimum(index, 2 * length - 1 - index)


def mirror_pad(x: Tensor, top: int, bottom: int, left: int, right: int) -> Tensor:
    """Extend (B, C, H, W) by mirrored rows and columns -> (B, C, top + H + bottom, left + W + right)."""
    if top or bottom:
        x = x.index_select(2, mirror_index(x.shape[2], top, bottom, x.device))
    if left or right:
        x = x.index_select(3, mirror_index(x.shape[3], left, right, x.device))
    return x


def pad_to_multiple(x: Tensor, multiple: int, around: int = 0, least: int = 0) -> Tensor:
    """Extend (B, C, H, W) by `around` on every side, then at the bottom and right to multiples of at least `least`.

    Only these two sides have the rest: the distance to the top-left corner says where cells and windows lie.
    """
    bottom, right = (_full(side + 2 * around, multiple, least) - side - around for side in x.shape[-2:])
    return mirror_pad(x, around, bottom, around, right)


def _full(side: int, multiple: int, least: int) -> int:
    # Written without the remainder of a negative number, which torch's compiler does not know for symbolic sides.
    return (max(side, least) + multiple - 1) // multiple * multiple
