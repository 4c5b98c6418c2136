"""The canonical block of seed §7 and its convolutional mixer.

    x + g1·Mixer(LN(x)),  then  x + g2·FFN(LN(x))

Source: NAFNet (Chen et al., ECCV 2022) for the mixer, Restormer (Zamir et al., CVPR 2022) for the gated FFN.
"""

from torch import Tensor, nn

from harmonic.nn.cells import CellGate, Cells
from harmonic.nn.guide import Guide
from harmonic.nn.mixer import Mixer, ProjectedMixer
from harmonic.nn.norm import LayerNorm
from harmonic.nn.projection import Projection


def product_gate(x: Tensor) -> Tensor:
    """First half of the channels times the second half. (B, 2C, H, W) -> (B, C, H, W)"""
    a, b = x.chunk(2, 1)
    return a * b


class ConvMixer(ProjectedMixer):
    """The pure-convolution twin of window attention: 1x1, depthwise 3x3, product gate, channel attention, 1x1."""

    reach, grid = 1, 1
    entries = ("expand",)

    def __init__(self, channels: int, cell_channels: int | None):
        super().__init__()
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.depthwise = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.attention = CellGate(cell_channels, channels) if cell_channels else None
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        y = product_gate(self.depthwise(self.expand(x)))
        if self.attention is not None:
            y = self.attention(y, cells)
        return y


class GatedFFN(nn.Module):
    """Gated feed-forward: 1x1 to twice the hidden width, depthwise 3x3 if asked, product gate, 1x1 back."""

    entries = ("expand",)

    def __init__(self, channels: int, ratio: float, depthwise: bool):
        super().__init__()
        hidden = int(channels * ratio)
        self.expand = nn.Conv2d(channels, 2 * hidden, 1)
        self.depthwise = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden) if depthwise else None
        self.project = Projection(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(self._inner(x))

    def onto(self, base: Tensor, x: Tensor) -> Tensor:
        """base + forward(x), the residual."""
        return self.project.onto(base, self._inner(x))

    def _inner(self, x: Tensor) -> Tensor:
        y = self.expand(x)
        if self.depthwise is not None:
            y = self.depthwise(y)
        return product_gate(y)


class Block(nn.Module):
    """One canonical block. x (B, C, H, W), guide -> (B, C, H, W)

    reach = the mixer's, + 1 with a depthwise FFN; grid = the mixer's. Positions of its own grid.
    """

    def __init__(self, mixer: Mixer, channels: int, ffn_ratio: float, ffn_depthwise: bool):
        super().__init__()
        self.reach, self.grid = mixer.reach + int(ffn_depthwise), mixer.grid
        self.norm1 = LayerNorm(channels)
        self.mixer = mixer
        self.norm2 = LayerNorm(channels)
        self.ffn = GatedFFN(channels, ffn_ratio, ffn_depthwise)

    def forward(self, x: Tensor, guide: Guide) -> Tensor:
        x = self.mixer.onto(x, self.norm1(x), guide.cells)
        return self.ffn.onto(x, self.norm2(x))
