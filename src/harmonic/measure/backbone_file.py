"""Weights of the backbones that perceptual measures stand on. They are not ours to ship: a user gives a file."""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from torch import Tensor, nn

from harmonic.errors import WeightsError


def load_backbone(module: nn.Module, path: Path, recipe: str) -> None:
    """Fill `module` with the tensors of a `.safetensors`, all of them and no others; frozen, fp32, in eval mode.

    recipe: how to make the file, for messages. Raises `WeightsError` when it is missing, damaged, or has tensors that
    are unknown, missing, misshapen or not finite.
    """
    try:
        tensors = load_bytes(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}); {recipe}") from None
    except SafetensorError as error:
        raise WeightsError(f"{path}: not a complete safetensors file ({error}); {recipe}") from None
    if fault := _fault(tensors, module.state_dict()):
        raise WeightsError(f"{path}: not the weights of {type(module).__name__}: {fault}; {recipe}")
    module.load_state_dict(tensors)
    module.requires_grad_(False).eval()


def as_batch(picture: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) fp32 in [0, 1]"""
    return torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]


def _fault(tensors: dict[str, Tensor], expected: dict[str, Tensor]) -> str | None:
    """What keeps these tensors from being the expected ones, the first fault by name; None if nothing does."""
    for name in sorted(expected.keys() - tensors.keys()):
        return f"tensor {name} is missing"
    for name in sorted(tensors.keys() - expected.keys()):
        return f"tensor {name} is unknown"
    for name, value in tensors.items():
        if value.shape != expected[name].shape:
            return f"tensor {name} has shape {tuple(value.shape)}, expected {tuple(expected[name].shape)}"
        if value.is_floating_point() and not value.isfinite().all():
            return f"tensor {name} holds values that are not finite"
    return None
