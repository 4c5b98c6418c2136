"""A dense group: every layer sees all layers before it, and the whole is added with a small scale.

Sources: DRCT (Hsu et al., CVPRW 2024) and MicroSR (NTIRE 2025), whose residual has the fixed scale 0.2; here it is
learned. As there, a 1x1 brings what has been gathered to a constant width before positions are mixed.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.projection import Projection


class DenseGroup(ProjectedMixer):
    """`layers` times: 1x1 from everything so far to `growth` channels, 3x3, leaky ReLU, appended; then 1x1 back.

    (B, C, H, W) -> same shape. reach = layers, grid = 1.
    """

    def __init__(self, channels: int, layers: int = 4, growth: int = 16):
        super().__init__()
        self.reach, self.grid = layers, 1
        self.squeeze = nn.ModuleList(nn.Conv2d(channels + i * growth, growth, 1) for i in range(layers))
        self.spread = nn.ModuleList(nn.Conv2d(growth, growth, 3, padding=1) for _ in range(layers))
        self.project = Projection(channels + layers * growth, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        for squeeze, spread in zip(self.squeeze, self.spread, strict=True):
            x = torch.cat([x, F.leaky_relu(spread(squeeze(x)), 0.2)], 1)
        return x
