"""The command line, called as a user calls it, with small weights."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image

from harmonic.cli.app import run
from harmonic.images.atomic import atomic_write
from harmonic.network.checkpoint import Card, dump_network
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def harmonic(capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Call the command in this process -> exit code, stdout, stderr."""

    def call(*arguments: object) -> Answer:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        return Answer(code, *capfd.readouterr())

    return call


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = Harmonic(tiny())
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    atomic_write(path, dump_network(network, Card(name="tiny-test", task="test", config=network.config)))
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 31, 3), np.uint8)).save(path)
    return path
