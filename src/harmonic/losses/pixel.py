"""Pixel and frequency losses: pure functions of (prediction, target), both (B, 3, H, W) fp32, to a scalar."""

import torch
from torch import Tensor

_EPSILON = 1e-3


def charbonnier(prediction: Tensor, target: Tensor) -> Tensor:
    """Smooth L1: mean of sqrt(d² + ε²) - ε, ε = 0.001.

    Source: Charbonnier et al., ICIP 1994; LapSRN (Lai et al., CVPR 2017).
    """
    return ((prediction - target).square() + _EPSILON * _EPSILON).sqrt().mean() - _EPSILON


def l1(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference."""
    return (prediction - target).abs().mean()


def psnr_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """How far the PSNR of each picture is below 50 dB, in units of 10 dB: mean over pictures of log10(1 + MSE / 1e-5).

    Squared errors within a picture, whose best guess is the mean and not the duller median; logarithms across pictures,
    so that hopeless ones do not drown the others. After NAFNet (Chen et al., ECCV 2022), bounded for clean pictures.
    """
    squared = (prediction - target).square().mean((1, 2, 3))
    return (1 + squared / 1e-5).log10().mean()


def fft_l1(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 between orthonormal 2-D spectra, real and imaginary parts.

    Source: MIMO-UNet (Cho et al., ICCV 2021), whose spectra are not normalised: there a weight of 0.1 is about 190
    times as much, at crops of 64².
    """
    spectrum = torch.fft.rfft2(prediction - target, norm="ortho")
    return torch.view_as_real(spectrum).abs().mean()
