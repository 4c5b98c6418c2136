"""Multiply-adds and parameters beside the pure-conv path of the same network and beside NAFNet-w32 (seed §15)."""

from collections.abc import Iterator

import torch

from harmonic.measure.peers.nafnet import NAFNet
from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, judge, not_applicable
from harmonic.measure.verify.subject import Subject
from harmonic.network.config import ConvFusionSpec, NetworkConfig, variant
from harmonic.network.cost import multiply_adds, network_cost
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import large
from harmonic.network.specs import ConvSpec, LargeKernelSpec, PartialKernelSpec, RepConvSpec

SIDE = 512  # pixels
CONVOLUTIONS = (ConvSpec, LargeKernelSpec, PartialKernelSpec, RepConvSpec)


def check_expense(subject: Subject) -> Iterator[Check]:
    """Of the deployed form, generated texture included, per input pixel."""
    config = subject.network.config
    cost, pure = (network_cost(Harmonic(c))[0] for c in (config, pure_convolution(config)))
    remark = "it is the pure-conv path" if pure_convolution(config) == config else ""
    yield judge(bounds.PURE_MACS, cost.fused_macs / pure.fused_macs, remark or _gmac(cost.fused_macs, pure.fused_macs))
    ratio = cost.fused_parameters / pure.fused_parameters
    yield judge(bounds.PURE_PARAMETERS, ratio, remark or _millions(cost.fused_parameters, pure.fused_parameters))
    heavy = config.channels[0] >= large().channels[0]
    if subject.scale > 1:
        reason = "the network enlarges, and NAFNet-w32 does not"
        yield not_applicable(bounds.NAFNET_MACS, reason)
        yield not_applicable(bounds.NAFNET_PARAMETERS, reason)
        return
    nafnet = NAFNet()
    macs = multiply_adds(nafnet, lambda m: m(torch.empty(1, 3, SIDE, SIDE)))[""] / SIDE**2
    count = sum(parameter.numel() for parameter in nafnet.parameters())
    bound = bounds.NAFNET_MACS_LARGE if heavy else bounds.NAFNET_MACS
    yield judge(bound, cost.fused_macs / macs, _gmac(cost.fused_macs, macs))
    yield judge(bounds.NAFNET_PARAMETERS, cost.fused_parameters / count, _millions(cost.fused_parameters, count))


def pure_convolution(config: NetworkConfig) -> NetworkConfig:
    """The same network with the convolutional twin of every block that is none; no context, no texture head."""

    def plain(blocks: tuple) -> tuple:
        return tuple(block if isinstance(block, CONVOLUTIONS) else ConvSpec() for block in blocks)

    lf, hf = config.lf, config.hf
    return variant(
        config,
        encoder=tuple(plain(blocks) for blocks in config.encoder),
        bottleneck=plain(config.bottleneck),
        decoder=tuple(plain(blocks) for blocks in config.decoder),
        context=None,
        lf=lf and lf.model_copy(update={"blocks": plain(lf.blocks)}),
        hf=hf and hf.model_copy(update={"blocks": plain(hf.blocks), "texture": None}),
        fusion=config.fusion and (ConvFusionSpec(), ConvFusionSpec()),
    )


def _gmac(ours: float, other: float) -> str:
    return f"{ours / 1000:.1f} against {other / 1000:.1f} GMAC per megapixel"


def _millions(ours: int, other: int) -> str:
    return f"{ours / 1e6:.2f} against {other / 1e6:.2f} million"
