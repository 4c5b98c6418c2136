"""`HybridAttn` of the bottleneck: near windows, wide windows and the whole picture in turn (seed §5, §13).

Sources: lattice windows of CFAT (Ray et al., CVPR 2024), the alternation of dense and dilated neighbourhoods of
DeblurDiNAT (Liu et al., 2024).
"""

from torch import Tensor, nn

from harmonic.nn.attention import MAX_HEAD_WIDTH, WindowAttention
from harmonic.nn.context import Context, GlobalTokens
from harmonic.nn.window_block import WindowAttnBlock


class HybridBlock(nn.Module):
    """`x + Mixer(LN(x)) + GlobalTokens(LN(x))`, then the FFN. x, cells or None, context -> (B, C, H, W)

    reach and grid are the block's.
    """

    def __init__(self, block: WindowAttnBlock, tokens: GlobalTokens):
        super().__init__()
        self.block, self.tokens = block, tokens
        self.reach, self.grid = block.reach, block.grid

    def forward(self, x: Tensor, cells: Tensor | None, context: Context) -> Tensor:
        y = self.block.norm1(x)
        x = x + self.block.mixer(y, cells) + self.tokens(y, context)
        return x + self.block.ffn(self.block.norm2(x))


class HybridAttn(nn.Module):
    """Blocks in turn: windows, lattice windows, shifted windows, shifted lattice windows; all ask the global tokens.

    x (B, C, H, W), any H, W; cells or None; context of (B, T, context_width) -> (B, C, H, W).
    reach = sum over blocks of (window - 1)·(1 or dilation), + 1 each with a depthwise FFN; grid = window·dilation.
    """

    def __init__(
        self,
        channels: int,
        blocks: int,
        context_width: int,
        ffn_ratio: float,
        ffn_depthwise: bool,
        window: int = 8,
        dilation: int = 2,
        head_width: int = MAX_HEAD_WIDTH,
        cell_channels: int | None = None,
    ):
        super().__init__()
        self.blocks = nn.ModuleList()
        self.reach, self.grid = 0, 1
        for i in range(blocks):
            mixer = WindowAttention(
                channels, window, i // 2 % 2 == 1, dilation if i % 2 else 1, head_width, cell_channels
            )
            block = WindowAttnBlock(mixer, channels, ffn_ratio, ffn_depthwise)
            self.blocks.append(HybridBlock(block, GlobalTokens(channels, context_width, head_width)))
            self.reach, self.grid = self.reach + block.reach, max(self.grid, block.grid)

    def forward(self, x: Tensor, cells: Tensor | None, context: Context) -> Tensor:
        for block in self.blocks:
            x = block(x, cells, context)
        return x
