"""Resampling of feature maps at displaced positions.

Own code rather than `grid_sample`, whose normalised coordinates depend on the size of the map and round: here a whole
offset returns the very value that lies there, and a tile samples what the whole map samples.
"""

import torch
from torch import Tensor


def displace(x: Tensor, offset: Tensor) -> Tensor:
    """`y[p] = x[p + offset[p]]`, bilinear, the border repeated. x (B, H, W, G, C) -> same shape and type

    offset (B, H, W, G, 2): (dy, dx) in positions of the map, per group of channels, fp32. Exact where both are whole.
    """
    B, H, W, G, C = x.shape
    whole = offset.floor()
    fraction = offset - whole
    picture, top, left, group = (
        torch.arange(n, device=x.device).reshape(shape)
        for n, shape in ((B, (-1, 1, 1, 1)), (H, (-1, 1, 1)), (W, (-1, 1)), (G, (-1,)))
    )
    top, left = top + whole[..., 0].long(), left + whole[..., 1].long()
    values = x.reshape(B * H * W * G, C)
    result = offset.new_zeros(())
    for down in (0, 1):
        row = (picture * H + (top + down).clamp(0, H - 1)) * W
        weight_y = fraction[..., 0] if down else 1 - fraction[..., 0]
        for right in (0, 1):
            index = (row + (left + right).clamp(0, W - 1)) * G + group
            weight = weight_y * (fraction[..., 1] if right else 1 - fraction[..., 1])
            corner = values.index_select(0, index.flatten()).reshape(x.shape)
            result = torch.addcmul(result, corner, weight[..., None])
    return result.to(x.dtype)
