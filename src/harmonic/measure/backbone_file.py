"""Weights of the backbones that perceptual measures stand on. They are not ours to ship: a user gives a file."""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from torch import Tensor, nn

from harmonic.errors import WeightsError
from harmonic.ops.tensors import fault as fault_of


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
    if fault := fault_of(tensors, module.state_dict()):
        raise WeightsError(f"{path}: not the weights of {type(module).__name__}: {fault}; {recipe}")
    module.load_state_dict(tensors)
    module.requires_grad_(False).eval()


def as_batch(picture: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) fp32 in [0, 1]"""
    return torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
