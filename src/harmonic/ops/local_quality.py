"""How noisy and how sharp a picture is, place by place: fixed filters, no parameters.

Noise first, sharpness second: noise alone scores as sharp as the clean picture, so its share is taken out.
Source of the noise estimate: Immerkaer, "Fast noise variance estimation", CVIU 1996, on the flatter pixels.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_NOISE = ((1, -2, 1), (-2, 4, -2), (1, -2, 1))  # blind to planes; sum of squares 36
_LAPLACE = ((0, 1, 0), (1, -4, 1), (0, 1, 0))  # sum of squares 20
_SOBEL_X = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))
_SOBEL_Y = ((-1, -2, -1), (0, 0, 0), (1, 2, 1))
_LEAST_SHARPNESS = 0.01  # the noise level is not known well enough to take out more than 99 % of an energy


def local_quality(x: Tensor, cell: int = 32) -> Tensor:
    """x (B, 3, H, W) -> (B, 2, ceil(H/cell), ceil(W/cell)), fp32, both in units of the picture:

    0: standard deviation of the noise, mean of the channels (noise may be equal in them or independent);
    1: root mean square of the Laplacian, without the noise's share of it.

    The last cells may end with the picture. Measure the input itself, before any resize. JPEG hides noise; fine regular
    texture passes for some.
    """
    height, width = x.shape[-2:]
    with torch.autocast(x.device.type, enabled=False):
        noise, laplace, gx, gy = _filtered(x.float()).unbind(1)  # (B, 3, H, W) each
        gradient = gx.square() + gy.square()
        # Flatter pixels count more. Sobel responses to white noise are independent of both others, hence no bias.
        typical = _means(gradient, cell).clamp_min(1e-12).repeat_interleave(cell, 2).repeat_interleave(cell, 3)
        flatness = (1 + (gradient / typical[..., :height, :width]).square()).reciprocal()
        mean = _means(noise.abs() * flatness, cell) / _means(flatness, cell)
        sigma = math.sqrt(math.pi / 2) / 6 * mean
        energy = _means(laplace.square(), cell)
        sharp = torch.maximum(energy - 20 * sigma.square(), _LEAST_SHARPNESS * energy)
        return torch.stack([sigma.mean(1), sharp.mean(1).clamp_min(1e-12).sqrt()], 1)


def quality_features(quality: Tensor) -> Tensor:
    """`local_quality` on a scale for networks: log(1 + grey levels of 255), about 0 to 4. Same shape"""
    return torch.log1p(255 * quality)


def _means(x: Tensor, cell: int) -> Tensor:
    return F.avg_pool2d(x, cell, ceil_mode=True, count_include_pad=False)


def _filtered(x: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, 4, 3, H, W); the border is repeated, so that it is no edge"""
    B, C, H, W = x.shape
    kernels = torch.tensor((_NOISE, _LAPLACE, _SOBEL_X, _SOBEL_Y), dtype=x.dtype, device=x.device)
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")
    y = F.conv2d(x, kernels[:, None].repeat(C, 1, 1, 1), groups=C)
    return y.reshape(B, C, 4, H, W).transpose(1, 2)
