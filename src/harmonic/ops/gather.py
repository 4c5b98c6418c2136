"""Cells of a map, cut out with what surrounds them, and put back."""

import torch.nn.functional as F
from torch import Tensor


def gather_cells(x: Tensor, chosen: Tensor, side: int, halo: int) -> Tensor:
    """Cut chosen cells out of a map, with `halo` positions around (zeros outside the map).

    x (B, C, H, W), H and W multiples of `side`; chosen (n,) int64, numbers of cells counted along rows, then columns,
    then pictures -> (n, C, side + 2·halo, side + 2·halo), channels-last. Only what is chosen is copied.
    """
    h, w = x.shape[-2] // side, x.shape[-1] // side
    if halo:
        x = F.pad(x, [halo] * 4)
    size = side + 2 * halo
    cells = x.permute(0, 2, 3, 1).unfold(1, size, side).unfold(2, size, side).permute(0, 1, 2, 4, 5, 3)
    picture, row, column = chosen // (h * w), chosen // w % h, chosen % w
    return cells[picture, row, column].permute(0, 3, 1, 2)


def join_cells(cells: Tensor, height: int, width: int) -> Tensor:
    """All cells of a map, in the order of `gather_cells`, as a map again.

    (B·h·w, C, side, side) -> (B, C, height, width), channels-last; height = h·side, width = w·side
    """
    _, C, side, _ = cells.shape
    cells = cells.permute(0, 2, 3, 1).reshape(-1, height // side, width // side, side, side, C)
    return cells.transpose(2, 3).reshape(-1, height, width, C).permute(0, 3, 1, 2)
