"""Half of the channels look near, half look far at little cost (seed §5, §12).

Source: RHA, "residual hybrid attention" (rewaifu, resselt; code without a paper), without its powers of features, its
shift without a mask and its pooling by maxima.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from harmonic.nn.cells import Cells
from harmonic.nn.fusion_attention import WindowCrossAttention
from harmonic.nn.large_kernel import LargeKernelMixer
from harmonic.nn.mixer import Mixer


class PooledAttention(Mixer):
    """Re-parameterised convolution on half of the channels, attention to pooled keys and values on the other half.

    (B, C, H, W), C even, H and W multiples of `pool` -> same shape. Every position asks the `window`² means of `pool` x
    `pool` positions in its window of window·pool positions, which starts at an absolute multiple of that side. The
    halves meet in the FFN that follows.
    reach = max(window·pool - 1, kernel // 2), grid = window·pool.
    """

    def __init__(self, channels: int, window: int = 8, pool: int = 2, kernel: int = 5):
        super().__init__()
        if channels % 2:
            raise ValueError(f"pooled attention halves its channels, so they must be even, got {channels}")
        half = channels // 2
        self.pool = pool
        self.reach, self.grid = max(window * pool - 1, kernel // 2), window * pool
        self.near = LargeKernelMixer(half, kernel)
        self.far = WindowCrossAttention(half, half, width=half, ratio=pool, window=window)

    def forward(self, x: Tensor, cells: Cells | None) -> Tensor:
        near, far = x.chunk(2, 1)
        return torch.cat([self.near(near, cells), self.far(far, F.avg_pool2d(far, self.pool))], 1)
