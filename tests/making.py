"""Networks and pictures for tests: narrow presets whose every parameter speaks."""

import torch

from harmonic.network.config import NetworkConfig, variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS
from harmonic.ops.noise import Noise


def narrow(config: NetworkConfig) -> NetworkConfig:
    """The same blocks at a third of the width, where the preset is too slow for a test."""
    if config.channels == PRESETS["tiny"]().channels:
        return config
    assert config.lf is not None
    changes = {"lf": config.lf.model_copy(update={"channels": 16}), "channels": (16, 32, 48)}
    return variant(config, **changes, context=16 if config.context else None)


def fresh(preset: str, scale: int) -> Harmonic:
    torch.manual_seed(0)
    return Harmonic(narrow(PRESETS[preset](scale))).eval()


def randomised(model: Harmonic, seed: int = 1) -> Harmonic:
    """All parameters moved, so that nothing is hidden by zeros; outputs of the order of 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.04 * torch.randn(parameter.shape, generator=generator))
    return model


def picture(height: int, width: int, batch: int = 1, seed: int = 0) -> torch.Tensor:
    """Values from -0.2 to 1.2."""
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 1.4 - 0.2


def at(seed: int, y: int = 0, x: int = 0) -> Noise:
    return Noise(torch.tensor([seed]), torch.tensor([[y, x]]))
