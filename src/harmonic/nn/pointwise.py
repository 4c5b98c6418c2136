"""1x1 convolutions of the deploy form, as products of matrices where that is faster: at inference on a CPU.

A 1x1 convolution over channels-last pixels is a product of matrices. torch's own first fills the result with the bias
and reads it again for a residual; few channels make that a third of the time. Here the residual is what the product is
added to, and a bias behind a normalisation goes into the weights (`without_biases` in network/deploy.py).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.norm import LayerNorm

SHIFT = 0.25
"""Added to normalised pixels, for weights to find. In fp32 its size hardly matters."""


class PointwiseConv(nn.Conv2d):
    """A 1x1 convolution that can add to what is there. (B, C, H, W) -> (B, outputs, H, W)"""

    def __init__(self, inputs: int, outputs: int, bias: bool = True):
        super().__init__(inputs, outputs, 1, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        if self.bias is not None or not self._multiplies(input):
            return super().forward(input)
        return F.linear(input.permute(0, 2, 3, 1), self.weight.flatten(1)).permute(0, 3, 1, 2)

    def onto(self, base: Tensor, x: Tensor) -> Tensor:
        """base (B, outputs, H, W), x (B, C, H, W) -> base + self(x)"""
        if self.bias is None or not (self._multiplies(x) and self._multiplies(base)):
            return base + self(x)
        places = base.permute(0, 2, 3, 1)
        total = places.flatten(0, 2) + self.bias
        torch.addmm(total, x.permute(0, 2, 3, 1).flatten(0, 2), self.weight.flatten(1).t(), out=total)
        return total.view_as(places).permute(0, 3, 1, 2)

    def _multiplies(self, x: Tensor) -> bool:
        """Not in graphs that are exported, compiled or learnt from, and not where types are mixed."""
        return (
            type(x) is Tensor
            and x.device.type == "cpu"
            and x.dtype == self.weight.dtype
            and x.is_contiguous(memory_format=torch.channels_last)
            and not torch.is_grad_enabled()
            and not torch.is_autocast_enabled("cpu")
            and not torch.compiler.is_compiling()
        )


@torch.no_grad()
def absorb_biases(norm: LayerNorm, convs: list[nn.Conv2d]) -> list[PointwiseConv]:
    """1x1 convolutions that see what `norm` gives, and nothing else does -> the same without biases; `norm` is changed.

    Normalised pixels have mean 0 over their channels, so a constant added to every row of the weights has no effect on
    them; on the `SHIFT` that they get in the place of scale and bias it has the effect of a bias. Folded in float64.
    """
    scale, shift = norm.weight.double(), norm.bias.double()
    made = []
    for conv in convs:
        assert conv.bias is not None
        weight = conv.weight.double().flatten(1)
        scaled = weight * scale
        missing = conv.bias.double() + weight @ shift - SHIFT * scaled.sum(1)
        absorbed = PointwiseConv(conv.in_channels, conv.out_channels, bias=False).to(conv.weight)
        absorbed.weight.copy_((scaled + missing[:, None] / (SHIFT * conv.in_channels))[:, :, None, None])
        made.append(absorbed)
    norm.weight.fill_(1)
    norm.bias.fill_(SHIFT)
    return made
