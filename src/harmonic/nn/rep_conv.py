"""Dense 3x3 convolutions trained with more parameters than they have (seed §6).

Sources: ECBSR (Zhang et al., ACM MM 2021) for the branches, OREPA (Hu et al., CVPR 2022) for merging them at each step
of the training, SPAN (Wan et al., CVPRW 2024) for the gate without parameters.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.folding import conv_of
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.projection import Projection
from harmonic.ops.kernel import after_pointwise, centred

_OPERATORS = (
    ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),  # Sobel, horizontal
    ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),  # Sobel, vertical
    ((0, 1, 0), (1, -4, 1), (0, 1, 0)),  # Laplacian
)


class RepConv(nn.Module):
    """The sum of 3x3, 1x1, 1x1 → 3x3 and 1x1 → scaled edge operators. (B, C, H, W) -> same shape

    All branches are linear, so their kernels are added and one convolution is run, in training too: the parameters
    change how it learns, not what it does. Nothing but the sum has a bias, so that zeros around the map are zeros for
    each branch and the sum is exact at the borders.
    expansion: width between 1x1 and 3x3, in `channels`.
    """

    operators: Tensor

    def __init__(self, channels: int, expansion: int = 2):
        super().__init__()
        C, wide = channels, expansion * channels
        std = C**-0.5
        self.plain = nn.Parameter(torch.randn(C, C, 3, 3) * 0.5 * std / 3)
        self.point = nn.Parameter(torch.randn(C, C, 1, 1) * 0.5 * std)
        self.expand = nn.Parameter(torch.randn(wide, C, 1, 1) * std)
        self.contract = nn.Parameter(torch.randn(C, wide, 3, 3) * 0.5 * wide**-0.5 / 3)
        self.edges = nn.Parameter(torch.randn(3, C, C) * std)
        self.scales = nn.Parameter(torch.full((3, C), 0.1))
        self.bias = nn.Parameter(torch.zeros(C))
        self.register_buffer("operators", torch.tensor(_OPERATORS, dtype=torch.float32) / 4, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            kernel = self.kernel(self.plain.dtype)
        return F.conv2d(x, kernel.to(x.dtype), self.bias.to(x.dtype), padding=1)

    def kernel(self, dtype: torch.dtype) -> Tensor:
        """All branches as one kernel, summed in `dtype`. -> (C, C, 3, 3)"""
        plain, point, expand, contract = (t.to(dtype) for t in (self.plain, self.point, self.expand, self.contract))
        edges = self.scales.to(dtype)[:, :, None] * self.edges.to(dtype)  # (3, C, C)
        directed = torch.einsum("eoi,eyx->oiyx", edges, self.operators.to(dtype))
        return plain + centred(point, 3) + after_pointwise(expand, contract) + directed

    @torch.no_grad()
    def folded(self) -> nn.Conv2d:
        """The same function as one convolution, folded in float64."""
        return conv_of(self.kernel(torch.float64), self.bias, like=self.plain)


class RepConvMixer(ProjectedMixer):
    """3x3, SiLU, 3x3 of all channels, both `RepConv`; then `odd_gate` and 1x1. reach 2, grid 1."""

    reach, grid = 2, 1

    def __init__(self, channels: int, expansion: int = 2):
        super().__init__()
        self.first = RepConv(channels, expansion)
        self.second = RepConv(channels, expansion)
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        return odd_gate(x, self.second(F.silu(self.first(x))))


def odd_gate(x: Tensor, y: Tensor) -> Tensor:
    """SPAN's attention without parameters: `(x + y)·(sigmoid(y) - 1/2)`, stronger where y is, whatever its sign."""
    return (x + y) * (y.sigmoid() - 0.5)
