"""The pure-convolution path of a network (seed §6): what it would be without attention, scans, experts and context."""

from harmonic.network.config import ConvFusionSpec, NetworkConfig, variant
from harmonic.network.specs import (
    ConvSpec,
    DenseGroupSpec,
    ExcursionSpec,
    LargeKernelSpec,
    PartialKernelSpec,
    RepConvSpec,
)

CONVOLUTIONS = (ConvSpec, DenseGroupSpec, ExcursionSpec, LargeKernelSpec, PartialKernelSpec, RepConvSpec)


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
