"""What each section of the architecture draft (the seed) became in a given network."""

from collections import Counter
from dataclasses import dataclass

from torch import nn

from harmonic.network.branches import GeneratedTexture, HFBranch, LFBranch
from harmonic.network.harmonic import Harmonic
from harmonic.network.pure_convolution import pure_convolution
from harmonic.network.stages import Bottleneck, InputEmbed, StageDec, StageEnc
from harmonic.nn.attention import RectangleAttention, WindowAttention, WindowHeads
from harmonic.nn.block import Block, ConvMixer, GatedFFN
from harmonic.nn.budgeted_window import BudgetedWindow
from harmonic.nn.cells import CellGate
from harmonic.nn.channel_window import ChannelWindow
from harmonic.nn.context import ContextEncoder, GlobalTokens
from harmonic.nn.conv_gate import ConvGate
from harmonic.nn.deform import DeformableAttn
from harmonic.nn.excursion import Excursion
from harmonic.nn.experts import DeblurExpert, DecompressExpert, DenoiseExpert, TextureExpert
from harmonic.nn.fusion import FreqFusion
from harmonic.nn.fusion_attention import FreqFusionAttention
from harmonic.nn.fusion_scan import FreqFusionScan
from harmonic.nn.head import OutputHead, Tail
from harmonic.nn.high_pass import HighPass
from harmonic.nn.hybrid_attention import HybridAttn
from harmonic.nn.large_kernel import RepLargeKernel
from harmonic.nn.modulated import ModulatedConv
from harmonic.nn.overlap_attention import OverlapAttention
from harmonic.nn.partial_kernel import RepDenseKernel
from harmonic.nn.pooled_attention import PooledAttention
from harmonic.nn.prompt import Prompt
from harmonic.nn.rep_conv import RepConv
from harmonic.nn.resample import Downsample, SkipFusion, Upsample
from harmonic.nn.router import Router
from harmonic.nn.scan import StateSpace
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.nn.texture_head import TextureGate, TextureHead
from harmonic.nn.window_block import WindowAttnBlock

# Section, its idea, and the classes that realise it. Sections 10, 12, 14 and 15 are about training and testing.
IDEAS: tuple[tuple[str, str, tuple[type[nn.Module], ...]], ...] = (
    ("§1", "identity skip, padding", (Harmonic,)),
    ("§1", "bands apart until fusion", (OutputHead,)),
    ("§2", "U-Net", (StageEnc, Bottleneck, StageDec)),
    ("§2", "window attention", (WindowAttention, OverlapAttention, RectangleAttention)),
    ("§2", "convolution in its place", (ConvMixer,)),
    ("§2", "gated FFN", (GatedFFN,)),
    ("§2", "channel attention, local", (CellGate,)),
    ("§3", "structure branch", (LFBranch,)),
    ("§3", "state space", (StateSpace,)),
    ("§3", "texture branch", (HFBranch, Tail)),
    ("§3", "learned high-pass", (HighPass,)),
    ("§3", "noise in modulated convolutions", (ModulatedConv,)),
    ("§3", "fusion of the bands", (FreqFusion, FreqFusionAttention, FreqFusionScan)),
    ("§4", "texture blocks with experts", (MoETextureBlock,)),
    ("§4", "router", (Router,)),
    ("§4", "experts", (DenoiseExpert, DeblurExpert, DecompressExpert, TextureExpert)),
    ("§5", "hybrid attention", (HybridAttn,)),
    ("§5", "global tokens", (ContextEncoder, GlobalTokens)),
    ("§4", "degradation codes", (Prompt,)),
    ("§5", "deformable attention", (DeformableAttn,)),
    ("§5", "other attention", (PooledAttention, ChannelWindow, BudgetedWindow)),
    ("§6", "large kernels that fold", (RepLargeKernel, RepDenseKernel, RepConv)),
    ("§7", "canonical block", (Block, WindowAttnBlock)),
    ("§7", "gate beside attention", (ConvGate,)),
    ("§8", "MSG paths", (Downsample, Upsample, SkipFusion, Excursion)),
    ("§9", "texture head", (GeneratedTexture, TextureHead, TextureGate)),
    ("§13", "input embedding", (InputEmbed,)),
)


@dataclass(frozen=True)
class Idea:
    """One idea of the seed. became: classes with how often and where, or None: not in this network."""

    section: str
    idea: str
    became: str | None


def seed_map(network: Harmonic) -> list[Idea]:
    """Every idea of seed §1 to §9, §11 and §13, in order, and what it is in this network."""
    found = [Idea(section, idea, _found(network, classes)) for section, idea, classes in IDEAS]
    plain = pure_convolution(network.config) == network.config
    path = Idea("§6", "pure-convolution path", "the whole network" if plain else None)
    return sorted([*found, path, _window_sizes(network)], key=lambda idea: int(idea.section[1:]))


def _found(network: Harmonic, classes: tuple[type[nn.Module], ...]) -> str | None:
    """`Class xN in part, part; …` for the modules of exactly these classes."""
    texts = []
    for kind in classes:
        places = Counter(name.split(".")[0] for name, module in network.named_modules() if type(module) is kind)
        if places:
            count = f" x{places.total()}" if places.total() > 1 else ""
            where = f" in {', '.join(places)}" if any(places) else ""  # the network itself has no name
            texts.append(f"{kind.__name__}{count}{where}")
    return "; ".join(texts) or None


def _window_sizes(network: Harmonic) -> Idea:
    """§11: windows of 8 to 16 positions, heads of at most 32 channels."""
    heads = [module for module in network.modules() if isinstance(module, WindowHeads | OverlapAttention)]
    sizes = sorted({f"{'x'.join(map(str, h.windows.size))}, heads of {h.head_width} channels" for h in heads})
    return Idea("§11", "windows and heads", "; ".join(sizes) or None)
