"""A network small enough to reason about, and a real one with weights that do something."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from harmonic.images.atomic import atomic_write
from harmonic.network.checkpoint import Card, dump_network
from harmonic.network.config import variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import base, tiny
from harmonic.nn.parts import Parts
from harmonic.ops.enlarge import enlarge_bicubic
from harmonic.ops.pad import pad_to_multiple


class StandIn(nn.Module):
    """One convolution and the mean of each grid cell, so it sees its reach and depends on where cells lie."""

    def __init__(self, scale: int = 1, gain: float = 1.0):
        super().__init__()
        self.scale, self.grid, self.reach = scale, 4, 2 + 3  # 5x5 kernel, then a cell of 4
        self.config = SimpleNamespace(cell=4 * scale, generates=False)
        self.conv = nn.Conv2d(3, 3, 5, padding=2)
        self.gain = gain
        self.form = "deploy"  # nothing to fuse
        self.context = self.hf = self.routing_cell = None
        self.passes: list[tuple[int, int]] = []

    def decompose(self, x: Tensor, context: None = None, noise: None = None) -> Parts:
        self.passes.append((x.shape[-2], x.shape[-1]))
        height, width = (self.scale * side for side in x.shape[-2:])
        x = pad_to_multiple(x, self.grid)
        features = self.conv(x).float() * self.gain
        cells = nn.functional.avg_pool2d(features, self.grid).repeat_interleave(4, 2).repeat_interleave(4, 3)
        lf, hf = (_repeat(part, self.scale)[..., :height, :width] for part in (cells, features - cells))
        return Parts(enlarge_bicubic(x, self.scale)[..., :height, :width], lf, hf)


def _repeat(x: Tensor, scale: int) -> Tensor:
    return x.repeat_interleave(scale, 2).repeat_interleave(scale, 3)


def randomised_tiny(scale: int = 1) -> Harmonic:
    """`tiny` with weights that make every part speak."""
    torch.manual_seed(0)
    network = Harmonic(tiny(scale))  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network.eval()


@pytest.fixture
def hybrid_network() -> Harmonic:
    """A narrow `base` with weights that make every part speak: context, experts, texture."""
    torch.manual_seed(0)
    config = base()
    assert config.lf is not None
    lf = config.lf.model_copy(update={"channels": 16})
    network = Harmonic(variant(config, channels=(16, 32, 48), context=16, lf=lf))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network.eval()


@pytest.fixture
def stand_in() -> Callable[..., StandIn]:
    torch.manual_seed(0)
    return StandIn


@pytest.fixture(scope="session")
def tiny_network() -> Harmonic:
    return randomised_tiny()


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory, tiny_network: Harmonic) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    card = Card(name="tiny-test", task="test", config=tiny_network.config)
    atomic_write(path, dump_network(tiny_network, card))
    return path


@pytest.fixture(scope="session")
def identity(tmp_path_factory) -> Path:
    """Weights of the smallest network there is, as it is born: it runs, and returns its input."""
    nothing = {"lf": None, "hf": None, "fusion": None, "encoder": ((), ()), "bottleneck": (), "decoder": ((), ())}
    config = variant(tiny(), channels=(4, 4, 4), **nothing)
    path = tmp_path_factory.mktemp("identity") / "identity.safetensors"
    atomic_write(path, dump_network(Harmonic(config), Card(name="identity", task="test", config=config)))
    return path
