"""The last step of every residual branch."""

import torch
from torch import Tensor, nn

from harmonic.nn.pointwise import PointwiseConv

LAYER_SCALE = 1e-2  # residual branches start small but alive, so that every parameter has a gradient


class Projection(nn.Module):
    """1x1 convolution with a learned scale per output channel, the last step of a residual branch."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)
        self.scale = nn.Parameter(torch.full((outputs, 1, 1), LAYER_SCALE))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * self.scale.to(x.dtype)

    def onto(self, base: Tensor, x: Tensor) -> Tensor:
        """base (B, outputs, H, W), x (B, inputs, H, W) -> base + self(x)"""
        return base + self(x)

    @torch.no_grad()
    def folded(self) -> PointwiseConv:
        """The same function as one convolution, folded in float64."""
        assert self.conv.bias is not None
        scale = self.scale.double()
        folded = PointwiseConv(self.conv.in_channels, self.conv.out_channels).to(self.conv.weight)
        assert folded.bias is not None
        folded.weight.copy_(self.conv.weight.double() * scale[:, None])
        folded.bias.copy_(self.conv.bias.double() * scale[:, 0, 0])
        return folded
