"""The two branches of the decoder: structure and texture (seed §3)."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from harmonic.network.blocks import blocks_of, build_texture_block
from harmonic.network.config import HFSpec, LFSpec, NetworkConfig, TextureSpec
from harmonic.network.stages import Stage, extent
from harmonic.nn.block import Block
from harmonic.nn.cells import CELL
from harmonic.nn.guide import Guide
from harmonic.nn.head import Tail
from harmonic.nn.routing import Routing
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.nn.texture_head import TextureGate, TextureHead, border_ramp
from harmonic.ops.band import low_band
from harmonic.ops.local_quality import local_quality
from harmonic.ops.noise import Noise
from harmonic.ops.shuffle import unshuffle


class LFBranch(nn.Module):
    """Structure: coarse features and the picture's cell means, through large kernels on the cell grid.

    up (B, C, H/K, W/K), means (B, 3, H/K, W/K), guide -> (B, channels, H/K, W/K)
    """

    def __init__(self, inputs: int, spec: LFSpec, config: NetworkConfig):
        super().__init__()
        self.embed = nn.Conv2d(inputs + 3, spec.channels, 1)
        self.blocks = Stage(blocks_of(spec.blocks, spec.channels, config, attend=False))

    def forward(self, up: Tensor, means: Tensor, guide: Guide) -> Tensor:
        return self.blocks(self.embed(torch.cat([up, means.to(up.dtype)], 1)), guide)


class TextureStage(nn.ModuleList):
    """Blocks of the HF branch. x (B, C, H, W), guide -> (B, C, H, W), the decisions of each router

    checkpointing: as in `Stage`.
    """

    checkpointing = False

    def __init__(self, blocks: Iterable[Block | MoETextureBlock]):
        super().__init__(blocks)
        self.reach, self.grid = extent(self)

    def forward(self, x: Tensor, guide: Guide) -> tuple[Tensor, tuple[Routing, ...]]:
        decisions = []
        for block in self:
            again = self.checkpointing and self.training
            y = checkpoint(block, x, guide, use_reentrant=False) if again else block(x, guide)
            if isinstance(block, MoETextureBlock):
                x, routing = y
                decisions.append(routing)
            else:
                x = y
        return x, tuple(decisions)


class HFBranch(nn.Module):
    """Texture: the finest features meet the high-pass picture, then texture blocks, then the tail.

    `forward`: h0 (B, C, H/stride, W/stride), q (B, Q, H, W) -> h0, routing; H and W of the input. `tail` and `texture`
    go from there to pixels.
    """

    def __init__(self, spec: HFSpec, config: NetworkConfig):
        super().__init__()
        channels, self.stride = config.channels[0], config.stride
        self.embed = nn.Conv2d(spec.high_pass * self.stride * self.stride, channels, 1)
        self.blocks = TextureStage(build_texture_block(block, config) for block in spec.blocks)
        self.tail = Tail(channels, spec.high_pass, spec.tail, self.stride, config.scale, spec.tail_form)
        self.texture = GeneratedTexture(spec.texture, spec.high_pass, config) if spec.texture else None

    def forward(self, h0: Tensor, q: Tensor, guide: Guide) -> tuple[Tensor, tuple[Routing, ...]]:
        return self.blocks(h0 + self.embed(unshuffle(q, self.stride)), guide)


class GeneratedTexture(nn.Module):
    """`TextureHead` behind its gate: T = (I - P)(g·t). Cells of the band K x K output pixels.

    g·t fades out over the last pixels before the border of what it is given, where the head sees no picture.
    """

    def __init__(self, spec: TextureSpec, high_pass: int, config: NetworkConfig):
        super().__init__()
        c0 = config.channels[0]
        self.cell = config.cell
        self.head = TextureHead(c0, high_pass, c0, spec.channels, config.factor, spec.layers)
        self.gate = TextureGate()
        self.reach = self.head.reach

    def forward(self, h0: Tensor, q: Tensor, x: Tensor, guide: Guide, noise: Noise) -> Tensor:
        assert guide.cells is not None, "a network with a texture head pools its features"
        quality = guide.cells.of(local_quality(x, CELL))
        height, width = q.shape[-2:]
        t = self.head(h0, q, guide.cells, quality, noise.planes(self.head.layers, height, width))
        gated = self.gate(quality, (height, width)) * t.float()
        with torch.autocast(t.device.type, enabled=False):
            gated = gated * border_ramp(height, width, self.reach, gated)
            grey = gated - low_band(gated, self.cell)
            return grey.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
