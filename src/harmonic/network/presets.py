"""Named configurations. Each function returns one value; `scale` 1 restores, 2 to 4 enlarge."""

from typing import Literal

from harmonic.network.config import HFSpec, LFSpec, NetworkConfig
from harmonic.network.specs import ConvSpec, conv, large_kernels

Scale = Literal[1, 2, 3, 4]


def tiny(scale: Scale = 1) -> NetworkConfig:
    """For tests and tutorials: every part of `fast`, a tenth of its work."""
    return NetworkConfig(
        scale=scale,
        channels=(16, 24, 32),
        encoder=(conv(1), conv(1)),
        bottleneck=conv(1),
        decoder=(conv(1), conv(1)),
        lf=LFSpec(channels=16, blocks=large_kernels(1, 9)),
        hf=HFSpec(high_pass=4, blocks=(ConvSpec(),), tail=4),
    )


def fast(scale: Scale = 1) -> NetworkConfig:
    """The bundled default: pure convolution, at least three times faster than NAFNet-w32."""
    return NetworkConfig(scale=scale)


PRESETS = {"tiny": tiny, "fast": fast}
