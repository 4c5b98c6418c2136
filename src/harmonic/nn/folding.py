"""The end of every folding: a kernel and a bias, summed in float64, as one convolution."""

from torch import Tensor, nn


def conv_of(kernel: Tensor, bias: Tensor, like: Tensor, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size of maps. kernel (O, I / groups, k, k), k odd, bias (O,), both of any precision.

    like: of whose type and device its parameters are. To be called without gradients.
    """
    outputs, inputs, size, _ = kernel.shape
    conv = nn.Conv2d(groups * inputs, outputs, size, padding=size // 2, groups=groups).to(like)
    assert conv.bias is not None
    conv.weight.copy_(kernel)
    conv.bias.copy_(bias)
    return conv
