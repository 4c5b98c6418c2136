"""The last step of every residual branch."""

import torch
from torch import Tensor, nn

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
