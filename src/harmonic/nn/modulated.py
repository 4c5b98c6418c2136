"""Modulated convolution with noise, for generated texture (seed §3, §9).

Source: StyleGAN2 (Karras et al., CVPR 2020), with the range guard of its successor's code. Here the style is a map of
cells instead of one vector per picture (no global operation), and the unfused form leaves the kernel as it is: scale
the input, convolve, scale the output. It exports, and works for any batch.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells

EPSILON = 1e-8


class ModulatedConv(nn.Module):
    """3x3 convolution of channels scaled by a style, demodulated, plus noise and bias, then LeakyReLU.

    x (B, C, H, W), style: `Cells` of (B, S, h, w), noise (B, 1, H, W) standard normal -> (B, outputs, H, W).
    The noise has one strength per channel; strengths start at 0.
    """

    def __init__(self, inputs: int, outputs: int, style: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.style = nn.Conv2d(style, inputs, 1)
        nn.init.ones_(self.style.bias)  # type: ignore[arg-type]
        self.strength = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: Tensor, style: Cells, noise: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            weight = guarded_weight(self.weight.float())
            values = style.values.float()
            scale = F.conv2d(values, self.style.weight.float(), self.style.bias.float())  # type: ignore[union-attr]
            scale, demodulation = (style.blend(part, x.shape[-2:]).to(x.dtype) for part in modulation(scale, weight))
        y = F.conv2d(x * scale, weight.to(x.dtype), padding=1) * demodulation
        y = y + (self.strength * noise + self.bias).to(y.dtype)
        return F.leaky_relu(y, 0.2) * math.sqrt(2)


def guarded_weight(weight: Tensor) -> Tensor:
    """Kernels with largest entry 1/sqrt(fan-in) per output channel. Demodulation divides any factor out again.

    (O, I, k, k) -> same shape. Keeps the sums of squares below within [~1/fan-in, 1], far from the ends of any type.
    """
    largest = weight.abs().amax((1, 2, 3), keepdim=True).clamp_min(EPSILON)
    return weight / (largest * math.sqrt(weight[0].numel()))


def modulation(scale: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """scale (B, I, h, w), weight (O, I, k, k), fp32 -> input scales (B, I, h, w), demodulation (B, O, h, w)

    Outputs have unit variance for white inputs of unit variance, where the scales are constant over a kernel.
    """
    scale = scale / scale.abs().amax(1, keepdim=True).clamp_min(EPSILON)
    energy = F.conv2d(scale.square(), weight.square().sum((2, 3))[:, :, None, None])
    return scale, (energy + EPSILON).rsqrt()
