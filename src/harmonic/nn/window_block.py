"""`WindowAttnBlock`, the canonical block of seed §7."""

from typing import Literal

from harmonic.nn.block import Block
from harmonic.nn.conv_gate import ConvGate
from harmonic.nn.mixer import Mixer


class WindowAttnBlock(Block):
    """LN -> window attention -> residual -> gated FFN -> residual. x (B, C, H, W), guide -> (B, C, H, W)

    mixer: `WindowAttention`, `RectangleAttention` or `OverlapAttention`. gate: where a `ConvGate` stands, if any.
    reach and grid as in `Block`, the gate's 3x3 included.
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
