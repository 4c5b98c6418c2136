"""The smallest network with everything that an exported file must carry, and one file of it for all tests:
tracing with sides left open takes ten seconds even for this one."""

from functools import cache
from typing import Any

import torch

from harmonic.network.config import HFSpec, NetworkConfig
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.restore.onnx_graph import complete, trace
from making import randomised

FACTS = {"name": "toy", "licence": "Apache-2.0", "version": "0"}


@cache
def toy() -> Harmonic:
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
    return fuse(randomised(Harmonic(config))).eval().requires_grad_(False)


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
