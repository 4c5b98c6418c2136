"""`HybridAttn` of the bottleneck: windows, near or wide, beside the whole picture (seed §5, §13).

A stage takes near windows and lattice windows in turn, both shifted the second time.
Sources: lattice windows of CFAT (Ray et al., CVPR 2024), the alternation of dense and dilated neighbourhoods of
DeblurDiNAT (Liu et al., 2024).
"""

from torch import Tensor

from harmonic.nn.attention import WindowAttention
from harmonic.nn.context import GlobalTokens
from harmonic.nn.guide import Guide
from harmonic.nn.window_block import WindowAttnBlock


class HybridAttn(WindowAttnBlock):
    """`x + WindowAttention(LN(x)) + GlobalTokens(LN(x))`, then the FFN. x (B, C, H, W), guide -> (B, C, H, W)

    tokens: asks the guide's context; None for a network that knows nothing about the whole picture.
    """

    def __init__(
        self,
        mixer: WindowAttention,
        tokens: GlobalTokens | None,
        channels: int,
        ffn_ratio: float,
        ffn_depthwise: bool,
    ):
        super().__init__(mixer, channels, ffn_ratio, ffn_depthwise)
        assert not mixer.entries, "tokens see the norm too, so it must stay as it is"
        self.tokens = tokens

    def forward(self, x: Tensor, guide: Guide) -> Tensor:
        y = self.norm1(x)
        x = self.mixer.onto(x, y, guide.cells)
        if self.tokens is not None and guide.context is not None:
            x = x + self.tokens(y, guide.context)
        return self.ffn.onto(x, self.norm2(x))
