"""Re-parameterised large depthwise kernels (seed §3, §6).

Sources: RepLKNet (Ding et al., CVPR 2022), PLKSR (Lee et al., 2024); dilated kernels: UniRepLKNet (Ding et al., CVPR
2024).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.folding import conv_of
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.projection import Projection
from harmonic.ops.kernel import centred, chain, dilated, unit


class RepLargeKernel(nn.Module):
    """Depthwise kernels of sizes `kernel`, 5, 3 and the identity in parallel; one kernel when folded.

    (B, C, H, W) -> same shape. The sizes above 3 are trained as cascades of 3x3 kernels without activations: the
    weight gradient of a direct depthwise 13x13 is 5 to 20 times slower on a CPU. The input is padded once, before
    the cascade, so the merged kernel is exact at the borders too.
    dilations: of further 3x3 kernels, which reach far with few weights; each at most kernel // 2.
    """

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...] = ()):
        super().__init__()
        if kernel % 2 == 0 or kernel < 5:
            raise ValueError(f"kernel must be odd and at least 5, got {kernel}")
        if any(not 1 < dilation <= kernel // 2 for dilation in dilations):
            raise ValueError(f"dilations of a kernel of {kernel} must be 2 to {kernel // 2}, got {dilations}")
        self.kernel, self.dilations = kernel, dilations
        self.large = nn.ParameterList(_near_unit(channels, noise=0.1) for _ in range(kernel // 2))
        self.medium = nn.ParameterList(_near_unit(channels, noise=0.1) for _ in range(2))
        self.small = nn.Parameter(torch.randn(channels, 1, 3, 3) / 3)
        self.lattice = nn.ParameterList(torch.randn(channels, 1, 3, 3) * 0.2 / 3 for _ in dilations)
        self.weights = nn.Parameter(torch.tensor([0.5, 0.25, 0.25, 0.5]).repeat(channels, 1))  # per branch
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        large, medium, small, same = self.weights[:, :, None, None].to(x.dtype).unbind(1)
        y = large * _cascade(x, self.large) + medium * _cascade(x, self.medium)
        y = y + small * F.conv2d(x, self.small, padding=1, groups=x.shape[1]) + same * x
        for dilation, weight in zip(self.dilations, self.lattice, strict=True):
            # As a dense kernel: torch 2.13 on a CPU gives a dilated depthwise one garbage for a gradient in bf16.
            y = y + F.conv2d(x, dilated(weight, dilation), padding=dilation, groups=x.shape[1])
        return y + self.bias[:, None, None].to(x.dtype)

    @torch.no_grad()
    def folded(self) -> nn.Conv2d:
        """The same function as one depthwise convolution, folded in float64."""
        channels = len(self.bias)
        branches = [_merged(self.large), _merged(self.medium), self.small.double(), unit(channels, self.small).double()]
        weights = self.weights.double()[:, :, None, None, None].unbind(1)
        kernel = sum(w * centred(branch, self.kernel) for w, branch in zip(weights, branches, strict=True))
        for dilation, weight in zip(self.dilations, self.lattice, strict=True):
            kernel = kernel + centred(dilated(weight.double(), dilation), self.kernel)
        assert isinstance(kernel, Tensor)
        return conv_of(kernel, self.bias, like=self.small, groups=channels)


class LargeKernelMixer(ProjectedMixer):
    """Mixer of the LF branch: 1x1, large depthwise kernel, product with a 1x1 gate, 1x1."""

    entries = ("expand", "gate")

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...] = ()):
        super().__init__()
        self.reach, self.grid = kernel // 2, 1
        self.expand = nn.Conv2d(channels, channels, 1)
        self.spread = RepLargeKernel(channels, kernel, dilations)
        self.gate = nn.Conv2d(channels, channels, 1)
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        return self.spread(self.expand(x)) * self.gate(x)


def _near_unit(channels: int, noise: float) -> nn.Parameter:
    kernel = noise * torch.randn(channels, 1, 3, 3)
    kernel[:, :, 1, 1] += 1
    return nn.Parameter(kernel)


def _cascade(x: Tensor, kernels: nn.ParameterList) -> Tensor:
    x = F.pad(x, [len(kernels)] * 4)
    for kernel in kernels:
        x = F.conv2d(x, kernel, groups=x.shape[1])
    return x


def _merged(kernels: nn.ParameterList) -> Tensor:
    merged = kernels[0].double()
    for kernel in list(kernels)[1:]:
        merged = chain(merged, kernel.double())
    return merged
