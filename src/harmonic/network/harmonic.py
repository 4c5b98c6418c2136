"""The network: a U-Net whose low and high bands stay apart until a gated fusion (design §2).

Read `Harmonic._parts` for the whole data flow; strides in comments are output pixels, f = 2 at scale 1 and f = scale
otherwise. Tensors are logically NCHW with channels-last strides.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harmonic.network.blocks import blocks_of, build_fusion
from harmonic.network.branches import HFBranch, LFBranch
from harmonic.network.config import NetworkConfig
from harmonic.network.reach import grid, multiple, reach
from harmonic.network.specs import ExpertsSpec
from harmonic.network.stages import Bottleneck, InputEmbed, StageDec, StageEnc
from harmonic.nn.cells import CELL, pool_cells
from harmonic.nn.context import ContextEncoder
from harmonic.nn.guide import Context, Guide
from harmonic.nn.head import OutputHead, PlainTail
from harmonic.nn.high_pass import HighPass
from harmonic.nn.parts import Parts
from harmonic.nn.resample import Downsample, Upsample
from harmonic.nn.routing import Routing
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.ops.band import cell_mean
from harmonic.ops.cell_statistics import cell_statistics
from harmonic.ops.enlarge import enlarge_bicubic
from harmonic.ops.noise import Noise
from harmonic.ops.pad import pad_to_multiple
from harmonic.ops.thumbnail import thumbnail


class Harmonic(nn.Module):
    """HARMONIC-IR/SR. x (B, 3, H, W), values about [0, 1], any H, W >= 1 -> (B, 3, scale·H, scale·W), not clamped.

    `decompose` returns the parts, `forward` their plain sum. A new network returns its input (scale 1) or the bicubic
    enlargement. In input pixels: `reach` says how far an output pixel sees, `grid` where tiles may start, `multiple`
    what sides are padded to.
    `look` makes the context of a whole picture, which its tiles then share; without it a learned one stands in.
    """

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        self.form = "train"
        self.scale = config.scale
        c0, c1, c2 = config.channels
        lf, hf = config.lf, config.hf

        self.embed = InputEmbed(c0, config.stride)
        self.enc0 = StageEnc(blocks_of(config.encoder[0], c0, config, attend=False))
        self.down0 = Downsample(c0, c1)
        self.enc1 = StageEnc(blocks_of(config.encoder[1], c1, config))
        self.down1 = Downsample(c1, c2)
        self.bottleneck = Bottleneck(blocks_of(config.bottleneck, c2, config))
        self.up1 = Upsample(c2, c1)
        self.dec1 = StageDec(c1, blocks_of(config.decoder[1], c1, config))
        self.up0 = Upsample(c1, c0)
        self.dec0 = StageDec(c0, blocks_of(config.decoder[0], c0, config))
        self.context = ContextEncoder(config.context) if config.context else None
        self.high_pass = HighPass(hf.high_pass, hf.beyond) if hf else None
        self.lf = LFBranch(c1, lf, config) if lf else None
        self.hf = HFBranch(hf, config) if hf else None
        self.fusion1 = build_fusion(config.fusion[1], lf.channels, c1, 1) if lf and config.fusion else None
        self.fusion0 = build_fusion(config.fusion[0], lf.channels, c0, 2) if lf and config.fusion else None
        self.plain_tail = None if hf else PlainTail(c0, config.factor)
        self.head = OutputHead(
            config.cell, lf.channels if lf else None, hf.tail if hf else None, self.scale, config.floor
        )

        self.pools = config.channel_attention or config.generates
        routed = hf is not None and any(isinstance(block, ExpertsSpec) for block in hf.blocks)
        self.routing_cell = hf.side * config.stride if hf and routed else None  # in input pixels
        self.reach, self.grid, self.multiple = reach(self), grid(self), multiple(self)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def look(self, picture: Tensor) -> Context | None:
        """The context of whole pictures (B, 3, H, W), of any size; None where the network asks for none."""
        return self.context(thumbnail(picture)) if self.context is not None else None

    def decompose(self, x: Tensor, context: Context | None = None, noise: Noise | None = None) -> Parts:
        """x (B, 3, H, W) -> `Parts` of the output (B, 3, scale·H, scale·W).

        context: of the whole picture that x is a part of. noise: seed and place of the generated texture; without it
        none is made.
        """
        start = self.scale * self.config.mirror
        rows, columns = (slice(start, start + self.scale * side) for side in x.shape[-2:])
        parts = self.decompose_framed(self.frame(x), context, noise)
        base, lf, hf, texture = (
            part[..., rows, columns] if part is not None else None
            for part in (parts.base, parts.lf, parts.hf, parts.texture)
        )
        assert base is not None and lf is not None and hf is not None
        return Parts(base, lf, hf, texture, parts.routing)

    def frame(self, x: Tensor) -> Tensor:
        """x with `config.mirror` mirrored pixels around it, and more at the bottom and right, up to `multiple`.

        To one cell at least: OpenVINO pools no less.
        """
        padded = pad_to_multiple(x.float(), self.multiple, self.config.mirror, least=CELL)
        return padded.contiguous(memory_format=torch.channels_last)

    def decompose_framed(self, x: Tensor, context: Context | None = None, noise: Noise | None = None) -> Parts:
        """As `decompose`, of what `frame` gives, with the frame still around every part."""
        if context is None and self.context is not None:
            context = self.context.null(x.shape[0])  # len() would fix the batch of an exported graph
        return self._parts(x, context, noise)

    def skipped(self, routing: Sequence[Routing]) -> float:
        """Share of all experts' multiply-adds that no cell asked for, 0 to 1, from `Parts.routing`."""
        assert self.hf is not None and routing
        blocks = [block for block in self.hf.blocks if isinstance(block, MoETextureBlock)]
        return sum(float(b.skipped(r)) for b, r in zip(blocks, routing, strict=True)) / len(blocks)

    def forward(self, x: Tensor, context: Context | None = None) -> Tensor:
        return self.decompose(x, context).mix()

    def _parts(self, x: Tensor, context: Context | None, noise: Noise | None) -> Parts:
        """The data flow, on a picture whose sides are multiples of `multiple`."""
        base = enlarge_bicubic(x, self.scale)
        e0 = self.enc0(self.embed(x), Guide(context=context))  # stride f
        guide = Guide(
            cells=pool_cells(e0, self.config.stride) if self.pools else None,
            statistics=cell_statistics(x, self.routing_cell) if self.routing_cell else None,
            context=context,
        )
        e1 = self.enc1(self.down0(e0), guide)  # stride 2f = K
        up = self.up1(self.bottleneck(self.down1(e1), guide))
        low = self.lf(up, cell_mean(x, self.config.cell // self.scale), guide) if self.lf is not None else None
        high = self.dec1(up, e1, guide)
        if self.fusion1 is not None and low is not None:
            low, high = self.fusion1(low, high)
        high = self.dec0(self.up0(high), e0, guide)  # stride f
        if self.fusion0 is not None and low is not None:
            low, high = self.fusion0(low, high)
        texture, routing = None, ()
        if self.hf is not None and self.high_pass is not None:
            q = self.high_pass(x)
            high, routing = self.hf(high, q, guide)
            z, features = self.hf.tail(high, q, x)
            if noise is not None and self.hf.texture is not None:
                texture = self.hf.texture(high, q if self.scale == 1 else self.high_pass(base), x, guide, noise)
        else:
            assert self.plain_tail is not None
            z, features = self.plain_tail(high), None
        lf, hf = self.head(z, low, features)
        return Parts(base, lf, hf, texture, routing)
