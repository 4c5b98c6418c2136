"""The smallest network with everything that an exported file must carry, and one file of it for all tests:
tracing with sides left open takes ten seconds even for this one."""

from functools import cache
from typing import Any

import torch

from harmonic.network.config import HFSpec, NetworkConfig, TextureSpec
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.specs import ExpertsSpec, HybridSpec
from harmonic.restore.runtimes.onnx_graph import complete, trace
from making import randomised

FACTS = {"name": "toy", "licence": "Apache-2.0", "version": "0"}


@cache
def toy() -> Harmonic:
    """`unfused_toy` in deploy form."""
    return fuse(unfused_toy()).eval().requires_grad_(False)


def unfused_toy() -> Harmonic:
    """Both bands, no blocks."""
    torch.manual_seed(0)
    config = NetworkConfig(
        channels=(4, 4, 4),
        encoder=((), ()),
        bottleneck=(),
        decoder=((), ()),
        channel_attention=False,
        lf=None,
        fusion=None,
        hf=HFSpec(high_pass=4, blocks=(), tail=2),
    )
    return randomised(Harmonic(config))


@cache
def toy_parts() -> bytes:
    """The file of parts of `toy`."""
    return complete(_traced(), toy(), FACTS, parts=True)


@cache
def toy_plain() -> bytes:
    """The plain file, from the same graph, since `toy` asks for neither context nor noise."""
    return complete(_traced(), toy(), FACTS, parts=False)


@cache
def _traced() -> Any:
    return trace(toy(), parts=True)


@cache
def toy_hybrid() -> Harmonic:
    """One block of each kind that asks for more than the picture: context, experts, generated texture."""
    torch.manual_seed(0)
    config = NetworkConfig(
        channels=(8, 8, 8),
        encoder=((), ()),
        bottleneck=(HybridSpec(window=8, dilation=1, shifted=False),),
        decoder=((), ()),
        channel_attention=False,
        context=8,
        lf=None,
        fusion=None,
        hf=HFSpec(
            high_pass=4, blocks=(ExpertsSpec(kernel=5, rank=2),), tail=2, texture=TextureSpec(channels=4, layers=1)
        ),
    )
    return fuse(randomised(Harmonic(config))).eval().requires_grad_(False)
