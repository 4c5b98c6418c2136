"""Structural similarity as a loss: 1 - SSIM, on one scale or several (seed §10)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from harmonic.ops.ms_ssim import WEIGHTS

_SIDE, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def ssim_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - mean SSIM, values about [0, 1], sides of at least 11. (B, C, H, W) twice -> scalar

    Gaussian window of 11 x 11, sigma 1.5, fully covered positions only. Source: Wang et al., IEEE TIP 2004.
    """
    luminance, structure = _terms(prediction, target)
    return 1 - (luminance * structure).mean()


def ms_ssim_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - MS-SSIM over as many of five scales as the sides allow (11 pixels at the coarsest); weights add up to 1.

    Structure at every scale, luminance at the coarsest. Source: Wang et al., Asilomar 2003. Negative structure counts
    as 0, since its power has no value.
    """
    scales = 1
    while scales < len(WEIGHTS) and min(target.shape[-2:]) >> scales >= _SIDE:
        scales += 1
    result = target.new_ones(target.shape[:2])
    for scale, weight in enumerate(WEIGHTS[:scales]):
        if scale:
            prediction, target = F.avg_pool2d(prediction, 2), F.avg_pool2d(target, 2)
        luminance, structure = _terms(prediction, target)
        term = structure if scale < scales - 1 else luminance * structure
        # A floor above 0: the gradient of a power below 1 has no bound at 0.
        result = result * term.mean((2, 3)).clamp(min=1e-4) ** (weight / sum(WEIGHTS[:scales]))
    return 1 - result.mean()


def _terms(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance and contrast-structure at each fully covered position. (B, C, H - 10, W - 10) each"""
    mean_x, mean_y = _window(x), _window(y)
    var_x, var_y = _window(x * x) - mean_x * mean_x, _window(y * y) - mean_y * mean_y
    cov = _window(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x * mean_x + mean_y * mean_y + _C1)
    return luminance, (2 * cov + _C2) / (var_x + var_y + _C2)


def _window(x: Tensor) -> Tensor:
    """Gaussian means, separably."""
    position = torch.arange(_SIDE, dtype=x.dtype, device=x.device) - _SIDE // 2
    line = torch.exp(-(position**2) / (2 * _SIGMA**2))
    line = (line / line.sum()).expand(x.shape[1], 1, 1, -1)
    return F.conv2d(F.conv2d(x, line, groups=x.shape[1]), line.transpose(2, 3), groups=x.shape[1])
