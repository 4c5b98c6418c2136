"""Cheap convolution everywhere, window attention where it is worth its price (seed §4, §5).

Source: CAMixerSR (Wang et al., CVPR 2024). Unlike there, a window's score depends on the window alone and enters the
output as a continuous weight: no noise, no ranking of windows across the picture, and a gradient for the score.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.attention import WindowAttention
from harmonic.nn.block import ConvMixer
from harmonic.nn.cells import Cells
from harmonic.nn.mixer import Mixer
from harmonic.ops.window import Windows, from_windows, live_keys, to_windows


class BudgetedWindow(Mixer):
    """`ConvMixer(x) + g·WindowAttention(x)`, `g = relu(s - τ)` with a score s in (0, 1) per window.

    (B, C, H, W), any H, W -> same shape. `threshold` is the compute budget τ in [0, 1], set on the finished network as
    that of `Router`: with 1 the convolution is left alone. Attention is computed everywhere, so that the graph has
    fixed shapes; windows with a gate of 0 are those that it could be left out of.
    reach = window - 1, grid = window.
    """

    def __init__(
        self,
        channels: int,
        window: int = 8,
        shifted: bool = False,
        head_width: int = 32,
        cell_channels: int | None = None,
        hidden: int = 16,
    ):
        super().__init__()
        self.windows, self.threshold = Windows((window, window), shifted=shifted), 0.0
        self.reach, self.grid = self.windows.reach, self.windows.grid
        self.cheap = ConvMixer(channels, cell_channels)
        self.costly = WindowAttention(channels, window, shifted, 1, head_width, cell_channels)
        self.hidden = nn.Linear(2 * channels, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, x: Tensor, cells: Cells | None) -> Tensor:
        height, width = x.shape[-2:]
        gates = self.gates(x)[:, :, None, None].expand(-1, -1, self.windows.size[0] * self.windows.size[1], -1)
        gate = from_windows(gates, height, width, self.windows)
        return self.cheap(x, cells) + gate.to(x.dtype) * self.costly(x, cells)

    def gates(self, x: Tensor) -> Tensor:
        """Weights of attention, from means and mean squares of a window's positions in the map. -> (B, N), fp32"""
        live = live_keys(x.shape[-2], x.shape[-1], self.windows, x.device).sum(1)[:, None].clamp(min=1)
        with torch.autocast(x.device.type, enabled=False):
            tokens = to_windows(x, self.windows).to(self.score.weight.dtype)
            evidence = torch.cat([tokens.sum(2) / live, tokens.square().sum(2) / live], -1)
            scores = self.score(F.silu(self.hidden(evidence)))[..., 0].sigmoid()
            return F.relu(scores - self.threshold)
