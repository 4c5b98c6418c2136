"""One dense large kernel on a few channels, the other form of a large kernel (seed §3, §6).

Source: PLKSR (Lee et al., 2024). Unlike there, the other channels are copied, never written in place, and the forms
are folded by a pure function.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.folding import conv_of
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.projection import Projection
from harmonic.ops.kernel import centred, dilated


class RepDenseKernel(nn.Module):
    """Dense convolution trained as a large kernel, a 5x5, a dilated set and the identity in parallel; one when folded.

    (B, C, H, W) -> same shape. The dilated 3x3 kernels (UniRepLKNet, Ding et al., CVPR 2024) reach to the large
    kernel's border with few weights.
    """

    def __init__(self, channels: int, kernel: int):
        super().__init__()
        if kernel % 2 == 0 or kernel < 5:
            raise ValueError(f"kernel must be odd and at least 5, got {kernel}")
        self.kernel = kernel
        self.dilations = tuple(range(2, kernel // 2 + 1, 2))
        spread = channels**-0.5
        self.large = nn.Parameter(torch.randn(channels, channels, kernel, kernel) * 0.1 * spread / kernel)
        self.medium = nn.Parameter(torch.randn(channels, channels, 5, 5) * 0.5 * spread / 5)
        self.lattice = nn.ParameterList(
            torch.randn(channels, channels, 3, 3) * 0.2 * spread / 3 for _ in self.dilations
        )
        self.same = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv2d(x, self.large, padding=self.kernel // 2) + F.conv2d(x, self.medium, padding=2)
        for dilation, weight in zip(self.dilations, self.lattice, strict=True):
            y = y + F.conv2d(x, weight, padding=dilation, dilation=dilation)
        return y + self.same[:, None, None].to(x.dtype) * x + self.bias[:, None, None].to(x.dtype)

    @torch.no_grad()
    def folded(self) -> nn.Conv2d:
        """The same function as one convolution, folded in float64."""
        kernel = self.large.double() + centred(self.medium.double(), self.kernel)
        for dilation, weight in zip(self.dilations, self.lattice, strict=True):
            kernel = kernel + centred(dilated(weight.double(), dilation), self.kernel)
        centre = self.kernel // 2
        kernel[:, :, centre, centre] += torch.diag(self.same.double())
        return conv_of(kernel, self.bias, like=self.large)


class PartialKernelMixer(ProjectedMixer):
    """1x1, a dense large kernel on the first `partial` channels, product with a 1x1 gate, 1x1."""

    def __init__(self, channels: int, kernel: int, partial: int):
        super().__init__()
        if partial > channels:
            raise ValueError(f"a partial kernel of {partial} channels needs a wider map than {channels}")
        self.reach, self.grid = kernel // 2, 1
        self.split = (partial, channels - partial)
        self.expand = nn.Conv2d(channels, channels, 1)
        self.spread = RepDenseKernel(partial, kernel)
        self.gate = nn.Conv2d(channels, channels, 1)
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        some, others = self.expand(x).split(self.split, 1)
        return torch.cat([self.spread(some), others], 1) * self.gate(x)
