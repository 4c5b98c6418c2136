"""From a specification to its block: the one place that knows which class a `kind` names."""

from harmonic.network.config import AttentionFusionSpec, ConvFusionSpec, FusionSpec, NetworkConfig, StateSpaceFusionSpec
from harmonic.network.specs import (
    BlockSpec,
    BudgetedWindowSpec,
    ChannelWindowSpec,
    ConvSpec,
    DeformableSpec,
    DenseGroupSpec,
    ExcursionSpec,
    ExpertsSpec,
    HybridSpec,
    LargeKernelSpec,
    OverlapSpec,
    PartialKernelSpec,
    PooledAttentionSpec,
    PromptSpec,
    RectangleSpec,
    RepConvSpec,
    StateSpaceSpec,
    TextureBlockSpec,
    WindowSpec,
)
from harmonic.nn.attention import MAX_HEAD_WIDTH, RectangleAttention, WindowAttention
from harmonic.nn.block import Block, ConvMixer
from harmonic.nn.budgeted_window import BudgetedWindow
from harmonic.nn.channel_window import ChannelWindow
from harmonic.nn.context import GlobalTokens
from harmonic.nn.deform import DeformableAttn
from harmonic.nn.dense_group import DenseGroup
from harmonic.nn.excursion import Excursion
from harmonic.nn.fusion import FreqFusion
from harmonic.nn.fusion_attention import FreqFusionAttention
from harmonic.nn.fusion_scan import FreqFusionScan
from harmonic.nn.hybrid_attention import HybridAttn
from harmonic.nn.large_kernel import LargeKernelMixer
from harmonic.nn.overlap_attention import OverlapAttention
from harmonic.nn.partial_kernel import PartialKernelMixer
from harmonic.nn.pooled_attention import PooledAttention
from harmonic.nn.prompt import Prompt
from harmonic.nn.rep_conv import RepConvMixer
from harmonic.nn.scan import StateSpace
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.nn.window_block import WindowAttnBlock
from harmonic.ops.cell_statistics import BLOCK


def build_block(spec: BlockSpec, channels: int, config: NetworkConfig, attend: bool) -> Block:
    """A canonical block. attend: with channel attention, if the network has it."""
    cells = config.channels[0] if attend and config.channel_attention else None
    ffn = (channels, config.ffn_ratio, config.ffn_depthwise)
    heads = head_width(channels)
    match spec:
        case ConvSpec():
            return Block(ConvMixer(channels, cells), *ffn)
        case WindowSpec():
            windows = WindowAttention(channels, spec.window, spec.shifted, spec.dilation, heads, cells)
            return WindowAttnBlock(windows, *ffn, gate=spec.gate)
        case OverlapSpec():
            return WindowAttnBlock(
                OverlapAttention(channels, spec.window, spec.overlap, heads, cells), *ffn, gate=spec.gate
            )
        case RectangleSpec():
            half = head_width(channels // 2)
            rectangles = RectangleAttention(channels, spec.window, spec.shifted, 1, half, cells)
            return WindowAttnBlock(rectangles, *ffn, gate=spec.gate)
        case HybridSpec():
            windows = WindowAttention(channels, spec.window, spec.shifted, spec.dilation, heads, cells)
            tokens = GlobalTokens(channels, config.context, heads) if config.context else None
            return HybridAttn(windows, tokens, *ffn)
        case StateSpaceSpec():
            width = head_width(channels, spec.head_width)
            return Block(StateSpace(channels, channels // width, spec.states, spec.strip, spec.shift), *ffn)
        case DeformableSpec():
            return Block(DeformableAttn(channels, spec.heads, spec.kernel, spec.bound), *ffn)
        case LargeKernelSpec():
            return Block(LargeKernelMixer(channels, spec.kernel, spec.dilations), *ffn)
        case PartialKernelSpec():
            return Block(PartialKernelMixer(channels, spec.kernel, spec.channels), *ffn)
        case PooledAttentionSpec():
            return Block(PooledAttention(channels, spec.window, spec.pool, spec.kernel), *ffn)
        case ChannelWindowSpec():
            return Block(ChannelWindow(channels, spec.window, spec.shifted, heads), *ffn)
        case BudgetedWindowSpec():
            return Block(BudgetedWindow(channels, spec.window, spec.shifted, heads, cells), *ffn)
        case DenseGroupSpec():
            return Block(DenseGroup(channels, spec.layers, spec.growth), *ffn)
        case ExcursionSpec():
            inner = [Block(ConvMixer(channels, cells), *ffn) for _ in range(spec.depth)]
            return Block(Excursion(channels, inner), *ffn)
        case RepConvSpec():
            return Block(RepConvMixer(channels, spec.expansion), *ffn)
        case PromptSpec():
            return Block(Prompt(channels, spec.side, spec.vectors), *ffn)


def build_texture_block(spec: TextureBlockSpec, config: NetworkConfig) -> Block | MoETextureBlock:
    """A block of the HF branch, on the finest features."""
    channels, hf = config.channels[0], config.hf
    assert hf is not None
    if not isinstance(spec, ExpertsSpec):
        return build_block(spec, channels, config, attend=True)
    return MoETextureBlock(
        channels,
        config.ffn_ratio,
        config.ffn_depthwise,
        channels if config.channel_attention else None,
        block=BLOCK // config.stride,
        side=hf.side,
        selected=spec.selected,
        kernel=spec.kernel,
        rank=spec.rank,
    )


Fusion = FreqFusion | FreqFusionAttention | FreqFusionScan
"""Where the streams meet."""


def build_fusion(spec: FusionSpec, low: int, high: int, ratio: int) -> Fusion:
    """A fusion. ratio: positions of the texture stream per position of the structure stream, per axis."""
    match spec:
        case ConvFusionSpec():
            return FreqFusion(low, high, ratio)
        case AttentionFusionSpec():
            return FreqFusionAttention(low, high, ratio, spec.window)
        case StateSpaceFusionSpec():
            return FreqFusionScan(low, high, ratio, spec.states, spec.strip)


def head_width(channels: int, most: int = MAX_HEAD_WIDTH) -> int:
    """Widest head, at most `most` channels, of which a whole number fills `channels`."""
    return next(width for width in range(most, 0, -1) if channels % width == 0)


def blocks_of(specs: tuple[BlockSpec, ...], channels: int, config: NetworkConfig, attend: bool = True) -> list[Block]:
    """The blocks of a stage, in order."""
    return [build_block(spec, channels, config, attend) for spec in specs]
