"""The network: a U-Net whose low and high bands stay apart until a gated fusion (design §2).

Read `Harmonic.decompose` for the whole data flow; strides in comments are output pixels, f = 2 at scale 1 and f =
scale otherwise. Tensors are logically NCHW with channels-last strides.
"""

import torch
from torch import Tensor, nn

from harmonic.network.config import HFSpec, LFSpec, NetworkConfig
from harmonic.network.reach import grid, reach
from harmonic.nn.block import Block, ConvMixer
from harmonic.nn.cells import pool_cells
from harmonic.nn.fusion import FreqFusion
from harmonic.nn.head import OutputHead, PlainTail, Tail
from harmonic.nn.high_pass import HighPass
from harmonic.nn.large_kernel import LargeKernelMixer
from harmonic.nn.parts import Parts
from harmonic.nn.resample import Downsample, SkipFusion, Upsample
from harmonic.ops.band import cell_mean
from harmonic.ops.enlarge import enlarge_bicubic
from harmonic.ops.pad import pad_to_multiple
from harmonic.ops.shuffle import unshuffle


class InputEmbed(nn.Module):
    """Overlapping patch embedding. (B, 3, H, W) -> (B, C, H/stride, W/stride)"""

    def __init__(self, channels: int, stride: int):
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(3 * stride * stride, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(unshuffle(x, self.stride) if self.stride > 1 else x)


class Stage(nn.ModuleList):
    """Canonical blocks at one resolution. (B, C, H, W), cells or None -> (B, C, H, W)"""

    def forward(self, x: Tensor, cells: Tensor | None = None) -> Tensor:
        for block in self:
            x = block(x, cells)
        return x


class StageEnc(Stage):
    """Encoder stage."""


class Bottleneck(Stage):
    """The coarsest stage."""


class StageDec(nn.Module):
    """Decoder stage: the skip joins, then canonical blocks. x, skip (B, C, H, W) -> (B, C, H, W)"""

    def __init__(self, channels: int, blocks: list[Block]):
        super().__init__()
        self.skip = SkipFusion(channels)
        self.blocks = Stage(blocks)

    def forward(self, x: Tensor, skip: Tensor, cells: Tensor | None) -> Tensor:
        return self.blocks(self.skip(x, skip), cells)


class LFBranch(nn.Module):
    """Structure: coarse features and the picture's cell means, through large kernels on the cell grid.

    up (B, C, H/K, W/K), means (B, 3, H/K, W/K) -> (B, channels, H/K, W/K)
    """

    def __init__(self, inputs: int, spec: LFSpec, config: NetworkConfig):
        super().__init__()
        self.embed = nn.Conv2d(inputs + 3, spec.channels, 1)
        self.blocks = Stage(
            Block(LargeKernelMixer(spec.channels, spec.kernel), spec.channels, config.ffn_ratio, config.ffn_depthwise)
            for _ in range(spec.blocks)
        )

    def forward(self, up: Tensor, means: Tensor) -> Tensor:
        return self.blocks(self.embed(torch.cat([up, means.to(up.dtype)], 1)))


class HFBranch(nn.Module):
    """Texture: the finest features meet the high-pass picture, then texture blocks and the full-resolution tail.

    h0 (B, C, H/f, W/f), q (B, Q, H, W), base (B, 3, H, W) -> z (B, 3, H, W), features (B, tail, H, W)
    """

    def __init__(self, spec: HFSpec, factor: int, blocks: list[Block], channels: int):
        super().__init__()
        self.factor = factor
        self.embed = nn.Conv2d(spec.high_pass * factor * factor, channels, 1)
        self.blocks = Stage(blocks)
        self.tail = Tail(channels, spec.high_pass, spec.tail, factor)

    def forward(self, h0: Tensor, q: Tensor, base: Tensor, cells: Tensor | None) -> tuple[Tensor, Tensor]:
        h0 = self.blocks(h0 + self.embed(unshuffle(q, self.factor)), cells)
        return self.tail(h0, q, base)


class Harmonic(nn.Module):
    """HARMONIC-IR/SR. x (B, 3, H, W), values about [0, 1], any H, W >= 1 -> (B, 3, scale·H, scale·W), not clamped.

    `decompose` returns the parts, `forward` their plain sum. A new network returns its input (scale 1) or the bicubic
    enlargement. `reach` and `grid` (input pixels) say how far an output pixel sees and where tiles may start.
    """

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        self.form = "train"
        self.scale, self.reach, self.grid = config.scale, reach(config), grid(config)
        c0, c1, c2 = config.channels
        f, lf, hf = config.factor, config.lf, config.hf

        def blocks(channels: int, count: int, attend: bool = config.channel_attention) -> list[Block]:
            context = c0 if attend else None
            return [
                Block(ConvMixer(channels, context), channels, config.ffn_ratio, config.ffn_depthwise)
                for _ in range(count)
            ]

        self.embed = InputEmbed(c0, config.stride)
        self.enc0 = StageEnc(blocks(c0, config.encoder[0], attend=False))
        self.down0 = Downsample(c0, c1)
        self.enc1 = StageEnc(blocks(c1, config.encoder[1]))
        self.down1 = Downsample(c1, c2)
        self.bottleneck = Bottleneck(blocks(c2, config.bottleneck))
        self.up1 = Upsample(c2, c1)
        self.dec1 = StageDec(c1, blocks(c1, config.decoder[1]))
        self.up0 = Upsample(c1, c0)
        self.dec0 = StageDec(c0, blocks(c0, config.decoder[0]))
        self.high_pass = HighPass(hf.high_pass) if hf else None
        self.lf = LFBranch(c1, lf, config) if lf else None
        self.hf = HFBranch(hf, f, blocks(c0, hf.blocks), c0) if hf else None
        self.fusion1 = FreqFusion(lf.channels, c1, 1) if lf and config.fusion else None
        self.fusion0 = FreqFusion(lf.channels, c0, 2) if lf and config.fusion else None
        self.plain_tail = None if hf else PlainTail(c0, f)
        self.head = OutputHead(config.cell, lf.channels if lf else None, hf.tail if hf else None)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def decompose(self, x: Tensor) -> Parts:
        """x (B, 3, H, W) -> `Parts` of the output (B, 3, scale·H, scale·W)."""
        height, width = (self.scale * side for side in x.shape[-2:])
        padded = pad_to_multiple(x.float(), self.grid).contiguous(memory_format=torch.channels_last)
        base, lf, hf = self._bands(padded)
        base, lf, hf = (part[..., :height, :width] for part in (base, lf, hf))
        return Parts(base, lf, hf)

    def forward(self, x: Tensor) -> Tensor:
        return self.decompose(x).mix()

    def _bands(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        base = enlarge_bicubic(x, self.scale)
        e0 = self.enc0(self.embed(x))  # stride f
        cells = pool_cells(e0, self.config.stride) if self.config.channel_attention else None
        e1 = self.enc1(self.down0(e0), cells)  # stride 2f = K
        up = self.up1(self.bottleneck(self.down1(e1), cells))
        low = self.lf(up, cell_mean(base, self.config.cell)) if self.lf is not None else None
        high = self.dec1(up, e1, cells)
        if self.fusion1 is not None and low is not None:
            low, high = self.fusion1(low, high)
        high = self.dec0(self.up0(high), e0, cells)  # stride f
        if self.fusion0 is not None and low is not None:
            low, high = self.fusion0(low, high)
        if self.hf is not None and self.high_pass is not None:
            z, features = self.hf(high, self.high_pass(base), base, cells)
        else:
            assert self.plain_tail is not None
            z, features = self.plain_tail(high), None
        lf, hf = self.head(z, low, features)
        return base, lf, hf
