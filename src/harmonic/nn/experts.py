"""Four experts with different kernels and graded cost (seed §4). Each is a branch that starts small but alive.

An expert takes features (B, C, H + 2·halo, W + 2·halo), of which the outer `halo` positions on each side are only
looked at, and returns (B, C, H, W); halo is 0 (zeros outside the map) or at least its `reach`. Layers before and
within the spatial filters have no bias: zeros outside the map are then zeros all the way, and a cell that is cut out
with its halo gives the numbers of the whole map.

reach: how far an output position sees, per axis. cost: multiply-adds per position and block, kernels folded.
Sources: heterogeneous kernels MFG-HMoE (GRSL 2025), graded cost MoCE-IR (CVPR 2025), low-rank bilinear SeemoRe
(ICML 2024).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.large_kernel import RepLargeKernel
from harmonic.nn.projection import Projection
from harmonic.ops.shuffle import shuffle, unshuffle


class DenoiseExpert(nn.Module):
    """Depthwise 3x3, leaky ReLU, 1x1. Reach 1, cost C² + 9C: an average of neighbours that edges can bend."""

    reach = 1

    def __init__(self, channels: int):
        super().__init__()
        self.cost = channels * channels + 9 * channels
        self.spread = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.project = Projection(channels, channels)

    def forward(self, x: Tensor, halo: int = 0) -> Tensor:
        return self.project(F.leaky_relu(inner(self.spread(x), halo), 0.1))


class DeblurExpert(nn.Module):
    """Large depthwise kernel (a cascade of 3x3, folded when deployed) times a 1x1 gate, 1x1.

    Reach kernel // 2, cost 2C² + kernel²·C: an inverse filter is long and signed, and differs from place to place.
    """

    def __init__(self, channels: int, kernel: int):
        super().__init__()
        self.reach = kernel // 2
        self.cost = 2 * channels * channels + kernel * kernel * channels
        self.spread = RepLargeKernel(channels, kernel)
        self.gate = nn.Conv2d(channels, channels, 1)
        self.project = Projection(channels, channels)

    def forward(self, x: Tensor, halo: int = 0) -> Tensor:
        return self.project(inner(self.spread(x), halo) * self.gate(inner(x, halo)))


class DecompressExpert(nn.Module):
    """A position meets its neighbours, and the same place of the eight blocks around: leaky ReLU, 1x1.

    block: positions of one 8-pixel block of JPEG. H, W and halo are multiples of it, and the map starts on a block.
    Places within a block are channels of a depthwise 3x3 on the lattice of blocks, as fast to train as any 3x3, where
    a dilated kernel is 3 to 10 times slower. Every place starts with the same kernel and may learn its own, since what
    quantisation does depends on the place. Reach block, cost C² + 18C.
    """

    def __init__(self, channels: int, block: int):
        super().__init__()
        self.reach = self.block = block
        self.cost = channels * channels + 18 * channels
        places = block * block * channels
        self.near = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.lattice = nn.Conv2d(places, places, 3, padding=1, groups=places, bias=False)
        self.lattice.weight.data = self.lattice.weight.data[:channels].repeat(block * block, 1, 1, 1)
        self.project = Projection(channels, channels)

    def forward(self, x: Tensor, halo: int = 0) -> Tensor:
        y = self.near(x) + shuffle(self.lattice(unshuffle(x, self.block)), self.block)
        return self.project(F.leaky_relu(inner(y, halo), 0.1))


class TextureExpert(nn.Module):
    """Low-rank bilinear: a few features of the position times filtered ones of its neighbourhood, 1x1 back.

    Reach 1, cost 3·C·rank + 9·rank: products are what texture synthesis needs and sums cannot give.
    """

    reach = 1

    def __init__(self, channels: int, rank: int):
        super().__init__()
        self.cost = 3 * channels * rank + 9 * rank
        self.factors = nn.Conv2d(channels, 2 * rank, 1, bias=False)
        self.spread = nn.Conv2d(rank, rank, 3, padding=1, groups=rank)
        self.project = Projection(rank, channels)

    def forward(self, x: Tensor, halo: int = 0) -> Tensor:
        here, around = self.factors(x).chunk(2, 1)
        return self.project(inner(here, halo) * inner(self.spread(around), halo))


def inner(x: Tensor, halo: int) -> Tensor:
    """Without `halo` positions on every side."""
    return x[..., halo : x.shape[-2] - halo, halo : x.shape[-1] - halo] if halo else x
