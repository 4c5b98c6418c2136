"""Named configurations. Each function returns one value; `scale` 1 restores, 2 to 4 enlarge."""

from typing import Literal

from harmonic.network.config import (
    AttentionFusionSpec,
    ConvFusionSpec,
    HFSpec,
    LFSpec,
    NetworkConfig,
    TextureSpec,
)
from harmonic.network.specs import ConvSpec, ExpertsSpec, HybridSpec, StateSpaceSpec, conv, hybrid, large_kernels

Scale = Literal[1, 2, 3, 4]

FLOOR = 0.1
"""Least value of the output gates (docs/decisions/0008)."""

MIRROR = 2
"""Mirrored pixels around pictures that pure convolution enlarges, as many as bicubic sees (docs/decisions/0012)."""


def tiny(scale: Scale = 1) -> NetworkConfig:
    """For tests and tutorials: every part of `fast`, a tenth of its work."""
    return NetworkConfig(
        scale=scale,
        floor=FLOOR,
        mirror=MIRROR if scale > 1 else 0,
        channels=(16, 24, 32),
        encoder=(conv(1), conv(1)),
        bottleneck=conv(1),
        decoder=(conv(1), conv(1)),
        lf=LFSpec(channels=16, blocks=large_kernels(1, 9)),
        hf=HFSpec(beyond="edge", high_pass=4, blocks=(ConvSpec(),), tail=4),
    )


def fast(scale: Scale = 1) -> NetworkConfig:
    """The bundled default: pure convolution, in fp32 a third of NAFNet-w32's time.

    Above scale 1 the finest features lie on the input's own grid, four times as many, and matter most: coarser levels
    are narrow, so that x4 takes about as long as SPAN-48 in fp32 (docs/decisions/0006).
    """
    if scale == 1:
        return NetworkConfig(floor=FLOOR, hf=HFSpec(beyond="edge"))
    return NetworkConfig(
        scale=scale,
        floor=FLOOR,
        mirror=MIRROR,
        channels=(48, 64, 96),
        encoder=(conv(2), conv(1)),
        bottleneck=conv(2),
        decoder=(conv(1), conv(1)),
        hf=HFSpec(beyond="edge", high_pass=4, blocks=(ConvSpec(),), tail=32),
    )


def base(scale: Scale = 1) -> NetworkConfig:
    """Hybrid: attention at the coarsest level, experts, context; a third more time than `fast` at scale 1.

    No state space, no attention between the bands: docs/decisions/0005.
    """
    return NetworkConfig(
        scale=scale,
        floor=FLOOR,
        channels=(48, 96, 192),
        encoder=(conv(1), conv(2)),
        bottleneck=(*hybrid(2), *conv(2)),
        decoder=(conv(1), conv(2)),
        context=64,
        lf=LFSpec(channels=64, blocks=(*large_kernels(1, 11), *large_kernels(1, 9))),
        hf=HFSpec(beyond="edge", blocks=(ConvSpec(), ExpertsSpec()), texture=TextureSpec()),
    )


def large(scale: Scale = 1) -> NetworkConfig:
    """Best quality, for a GPU: wider, deeper, with all that the seed has; at most three times NAFNet-w32's time."""
    near, lattice, shifted = HybridSpec(), HybridSpec(dilation=2), HybridSpec(shifted=True)
    return NetworkConfig(
        scale=scale,
        floor=FLOOR,
        channels=(80, 160, 320),
        encoder=(conv(2), conv(4)),
        bottleneck=(near, lattice, StateSpaceSpec(strip=8), shifted, *conv(4)),
        decoder=(conv(4), conv(6)),
        context=128,
        lf=LFSpec(channels=112, blocks=(*large_kernels(2, 13), *large_kernels(1, 9))),
        hf=HFSpec(
            beyond="edge",
            high_pass=16,
            blocks=(ConvSpec(), ExpertsSpec(), ConvSpec(), ExpertsSpec()),
            tail=24,
            texture=TextureSpec(channels=24),
        ),
        fusion=(ConvFusionSpec(), AttentionFusionSpec()),
    )


PRESETS = {"tiny": tiny, "fast": fast, "base": base, "large": large}
