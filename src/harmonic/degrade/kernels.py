"""The kernel of every blur: Gaussian, shaped Gaussians, motion, sinc.

Source: Real-ESRGAN (Wang et al., ICCVW 2021), whose formulas for the shapes and the sinc are BasicSR's.
"""

from math import ceil, cos, pi, sin

import numpy as np
import torch

from harmonic.degrade.blur import IDENTITY_BELOW, gaussian_taps
from harmonic.degrade.kinds import AnisotropicBlur, Blur, MotionBlur, Sinc

Convolution = Blur | AnisotropicBlur | MotionBlur | Sinc

_STEPS = 8  # samples per pixel of a motion line


def kernel_of(step: Convolution) -> np.ndarray:
    """-> (k, k) float64 that sums to 1, k odd; rows are y, which points down. Correlation and convolution are equal."""
    match step:
        case Blur(sigma=sigma):
            taps = gaussian_taps(sigma) if sigma >= IDENTITY_BELOW else np.ones(1)
            return np.outer(taps, taps)
        case AnisotropicBlur():
            kernel = _shaped(step)
        case MotionBlur(length=length, angle=angle):
            kernel = _line(length, angle)
        case Sinc(cutoff=cutoff, size=size):
            kernel = _sinc(cutoff, size)
    return kernel / kernel.sum()


def spread(kernel: np.ndarray) -> float:
    """Variance of a kernel per axis, in square pixels, mean of both axes: sigma² for a Gaussian."""
    y, x = _places(len(kernel))
    return float((kernel * (x * x + y * y)).sum() / 2)


def _places(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances y and x from the middle, (size, size) each."""
    t = np.arange(size) - (size - 1) / 2
    return t[:, None] + 0 * t, t + 0 * t[:, None]


def _shaped(step: AnisotropicBlur) -> np.ndarray:
    y, x = _places(step.size)
    along = x * cos(step.angle) + y * sin(step.angle)
    across = y * cos(step.angle) - x * sin(step.angle)
    q = ((along / step.sigma) ** 2 + (across / step.across) ** 2) ** step.beta
    return np.exp(-q / 2) if step.shape == "gaussian" else 1 / (1 + q)


def _line(length: float, angle: float) -> np.ndarray:
    """Points along a segment, each shared among its four neighbours, as bilinear interpolation does."""
    reach = ceil(length / 2)
    size = 2 * reach + 1
    t = ((np.arange(count := ceil(length) * _STEPS + 1) + 0.5) / count - 0.5) * length
    x, y = reach + t * cos(angle), reach + t * sin(angle)
    kernel = np.zeros((size + 1, size + 1))  # one more, for neighbours of weight 0
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = np.abs(1 - dy - (y - top)) * np.abs(1 - dx - (x - left))
        np.add.at(kernel, (top + dy, left + dx), weight)
    kernel = kernel[:size, :size]
    return kernel + kernel[::-1, ::-1]  # exactly symmetric, whatever rounding did to the places


def _sinc(cutoff: float, size: int) -> np.ndarray:
    """cutoff · J1(cutoff · r) / (2 π r), the circular low-pass; its limit in the middle is cutoff² / (4 π)."""
    y, x = _places(size)
    r = np.hypot(y, x)
    r[size // 2, size // 2] = 1
    kernel = cutoff * torch.special.bessel_j1(torch.from_numpy(cutoff * r)).numpy() / (2 * pi * r)
    kernel[size // 2, size // 2] = cutoff * cutoff / (4 * pi)
    return kernel
