"""A distance of textures without weights: the fallback of `features.py`, and no judge of likeness beyond statistics.

Pixel losses prefer a blurred copy to another sample of the same texture; this one does not.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from harmonic.losses.bands import CELL, high_band
from harmonic.ops.noise import gaussian_noise
from harmonic.ops.pad import mirror_pad, pad_to_multiple
from harmonic.ops.window import window_partition

WINDOW = 32
"""Side in pixels of the windows within which a texture may lie anywhere."""

_PATCH = 7
_LEVELS = 2
_DIRECTIONS, _KEY = 8, 0  # of random vectors; always the same draw
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def texture_distance(prediction: Tensor, target: Tensor, cell: int = CELL) -> Tensor:
    """Sliced Wasserstein-1 distance of the patches of Laplacian levels of the high bands.

    prediction, target (B, 3, H, W), sides multiples of `cell` -> scalar, in units of the picture. In each window of
    32 x 32 pixels the 7 x 7 patches of a level are projected on unit vectors, sorted, and compared rank by rank: what
    occurs counts, where does not. Exactly blind to the low band. Windows keep grass from passing for sky; sides that
    are no multiple of 32 are mirrored up to one. Vectors: eight oriented waves of brightness, since random vectors
    hardly tell directions apart, and eight random ones, the same at every call, for colour and all else.
    Source: patches of Laplacian levels, Karras et al., ICLR 2018 (there to measure); as a loss of textures, Heitz et
    al., CVPR 2021.
    """
    kernels = torch.cat([_oriented(), _random()]).to(prediction)
    with torch.no_grad():
        wanted = _ranked(high_band(target, cell), kernels)
    seen = _ranked(high_band(prediction, cell), kernels)
    return torch.stack([(x - y).abs().mean() for x, y in zip(seen, wanted, strict=True)]).mean()


def structure_drift(texture: Tensor) -> Tensor:
    """Mean absolute value of a generated texture when it is shrunk to a quarter by antialiased bicubic.

    (B, 3, H, W), sides multiples of 4 -> scalar, in units of the picture. A texture without cell means moves no
    structure by our own measure; this is what is left by that of others, whose filter knows nothing of cells.
    """
    size = [side // 4 for side in texture.shape[-2:]]
    small = F.interpolate(texture.float(), size=size, mode="bicubic", antialias=True, align_corners=False)
    return small.abs().mean()


def _ranked(x: Tensor, kernels: Tensor) -> list[Tensor]:
    """Sorted projections of each level. (B, 3, H, W) -> (B, windows, values of a window, directions) each"""
    ranked = []
    x = pad_to_multiple(x, WINDOW)
    for level in range(_LEVELS):
        smooth = _smooth(x)
        margin = _PATCH // 2
        values = F.conv2d(mirror_pad(x - smooth, margin, margin, margin, margin), kernels)
        side = WINDOW >> level
        ranked.append(window_partition(values, (side, side)).sort(2).values)
        x = smooth[..., ::2, ::2]
    return ranked


def _oriented() -> Tensor:
    """Gabor filters of four pixels' wavelength, four directions, even and odd, on grey. -> (8, 3, 7, 7) of norm 1"""
    place = torch.arange(_PATCH) - _PATCH // 2
    hill = torch.exp(-(place**2 + place[:, None] ** 2) / (2 * 1.6**2))
    angle = torch.arange(4)[:, None, None] * math.pi / 4
    phase = (place * angle.sin() + place[:, None] * angle.cos()) * math.pi / 2
    waves = torch.cat([phase.cos(), phase.sin()]) * hill
    waves = waves - hill * (waves.sum((1, 2), keepdim=True) / hill.sum())  # without a response to what is flat
    return _unit(waves[:, None].expand(-1, 3, -1, -1))


def _random() -> Tensor:
    """-> (8, 3, 7, 7) of norm 1; no random state is touched."""
    origin = torch.zeros(1, 2, dtype=torch.int64)
    values = gaussian_noise(torch.tensor([_KEY]), origin, 3 * _DIRECTIONS, _PATCH, _PATCH)
    return _unit(values.reshape(_DIRECTIONS, 3, _PATCH, _PATCH))


def _unit(kernels: Tensor) -> Tensor:
    return kernels / kernels.square().sum((1, 2, 3), keepdim=True).sqrt()


def _smooth(x: Tensor) -> Tensor:
    """Binomial means, mirrored borders. Same shape"""
    line = x.new_tensor(_BINOMIAL).expand(x.shape[1], 1, 1, -1)
    x = mirror_pad(x, 2, 2, 2, 2)
    return F.conv2d(F.conv2d(x, line, groups=x.shape[1]), line.transpose(2, 3), groups=x.shape[1])
