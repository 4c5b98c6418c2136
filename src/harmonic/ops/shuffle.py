"""Pixel shuffle and unshuffle as views of channels-last memory.

Channel order is (dy, dx, c) with c fastest, unlike torch's (c, dy, dx): in channels-last memory both directions are
then one cheap copy, 8 to 14 times faster than `F.pixel_unshuffle` on wide maps.
"""

from torch import Tensor


def unshuffle(x: Tensor, factor: int) -> Tensor:
    """Move blocks of factor x factor pixels into channels. (B, C, H, W) -> (B, factor²·C, H/factor, W/factor)"""
    if factor == 1:
        return x
    B, C, H, W = x.shape
    x = x.permute(0, 2, 3, 1).reshape(B, H // factor, factor, W // factor, factor, C)
    return x.transpose(2, 3).reshape(B, H // factor, W // factor, factor * factor * C).permute(0, 3, 1, 2)


def shuffle(x: Tensor, factor: int) -> Tensor:
    """The inverse of `unshuffle`. (B, factor²·C, H, W) -> (B, C, factor·H, factor·W)"""
    if factor == 1:
        return x
    B, C, H, W = x.shape
    c = C // (factor * factor)
    x = x.permute(0, 2, 3, 1).reshape(B, H, W, factor, factor, c)
    return x.transpose(2, 3).reshape(B, H * factor, W * factor, c).permute(0, 3, 1, 2)
