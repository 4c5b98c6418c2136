"""The canonical block of seed §7 and its convolutional mixer.

    x + g1·Mixer(LN(x)),  then  x + g2·FFN(LN(x))

Source: NAFNet (Chen et al., ECCV 2022) for the mixer, Restormer (Zamir et al., CVPR 2022) for the gated FFN.
"""

import torch
from torch import Tensor, nn

from harmonic.nn.cells import CellGate
from harmonic.nn.norm import LayerNorm

LAYER_SCALE = 1e-2  # residual branches start small but alive, so that every parameter has a gradient


class Projection(nn.Module):
    """1x1 convolution with a learned scale per output channel, the last step of a residual branch."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)
        self.scale = nn.Parameter(torch.full((outputs, 1, 1), LAYER_SCALE))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * self.scale.to(x.dtype)

    @torch.no_grad()
    def folded(self) -> nn.Conv2d:
        """The same function as one convolution, folded in float64."""
        conv = nn.Conv2d(self.conv.in_channels, self.conv.out_channels, 1).to(self.conv.weight)
        scale = self.scale.double()
        assert self.conv.bias is not None and conv.bias is not None
        conv.weight.copy_(self.conv.weight.double() * scale[:, None])
        conv.bias.copy_(self.conv.bias.double() * scale[:, 0, 0])
        return conv


def product_gate(x: Tensor) -> Tensor:
    """First half of the channels times the second half. (B, 2C, H, W) -> (B, C, H, W)"""
    a, b = x.chunk(2, 1)
    return a * b


class ConvMixer(nn.Module):
    """The pure-convolution twin of window attention: 1x1, depthwise 3x3, product gate, channel attention, 1x1."""

    def __init__(self, channels: int, context_channels: int | None):
        super().__init__()
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.depthwise = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.attention = CellGate(context_channels, channels) if context_channels else None
        self.project = Projection(channels, channels)

    def forward(self, x: Tensor, cells: Tensor | None) -> Tensor:
        y = product_gate(self.depthwise(self.expand(x)))
        if self.attention is not None and cells is not None:
            y = self.attention(y, cells)
        return self.project(y)


class GatedFFN(nn.Module):
    """Gated feed-forward: 1x1 to twice the hidden width, depthwise 3x3 if asked, product gate, 1x1 back."""

    def __init__(self, channels: int, ratio: float, depthwise: bool):
        super().__init__()
        hidden = int(channels * ratio)
        self.expand = nn.Conv2d(channels, 2 * hidden, 1)
        self.depthwise = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden) if depthwise else None
        self.project = Projection(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.expand(x)
        if self.depthwise is not None:
            y = self.depthwise(y)
        return self.project(product_gate(y))


class Block(nn.Module):
    """One canonical block. (B, C, H, W), cells (B, C0, h, w) or None -> (B, C, H, W)"""

    def __init__(self, mixer: nn.Module, channels: int, ffn_ratio: float, ffn_depthwise: bool):
        super().__init__()
        self.norm1 = LayerNorm(channels)
        self.mixer = mixer
        self.norm2 = LayerNorm(channels)
        self.ffn = GatedFFN(channels, ffn_ratio, ffn_depthwise)

    def forward(self, x: Tensor, cells: Tensor | None) -> Tensor:
        x = x + self.mixer(self.norm1(x), cells)
        return x + self.ffn(self.norm2(x))
