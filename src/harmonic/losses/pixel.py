"""Pixel and frequency losses: pure functions of (prediction, target), both (B, 3, H, W) fp32, to a scalar."""

import torch
from torch import Tensor


def charbonnier(prediction: Tensor, target: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Smooth L1: mean of sqrt(d² + ε²) - ε. Source: Charbonnier et al., ICIP 1994; LapSRN (Lai et al., CVPR 2017)."""
    return ((prediction - target).square() + epsilon * epsilon).sqrt().mean() - epsilon


def l1(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference."""
    return (prediction - target).abs().mean()


def fft_l1(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 between orthonormal 2-D spectra, real and imaginary parts.

    Source: MIMO-UNet (Cho et al., ICCV 2021), whose spectra are not normalised: there a weight of 0.1 is about 190
    times as much, at crops of 64².
    """
    spectrum = torch.fft.rfft2(prediction - target, norm="ortho")
    return torch.view_as_real(spectrum).abs().mean()
