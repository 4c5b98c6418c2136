"""`WindowAttnBlock`, the canonical block of seed §7."""

from typing import Literal

from harmonic.nn.block import Block
from harmonic.nn.conv_gate import ConvGate
from harmonic.nn.mixer import Mixer


class WindowAttnBlock(Block):
    """LN -> window attention -> residual -> gated FFN -> residual. (B, C, H, W), cells or None -> (B, C, H, W)

    mixer: `WindowAttention`, `RectangleAttention` or `OverlapAttention`. gate: where a `ConvGate` stands, if any.
    reach = that of the (gated) mixer, + 1 with a depthwise FFN; grid = the mixer's. Positions of its own grid.
    """

    def __init__(
        self,
        mixer: Mixer,
        channels: int,
        ffn_ratio: float,
        ffn_depthwise: bool,
        gate: Literal["before", "after"] | None = None,
    ):
        mixed = ConvGate(mixer, channels, gate) if gate else mixer
        super().__init__(mixed, channels, ffn_ratio, ffn_depthwise)
        self.reach, self.grid = mixed.reach + int(ffn_depthwise), mixed.grid
