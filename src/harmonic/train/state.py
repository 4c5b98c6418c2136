"""The state of a run: everything that a bit-equal resume needs, one safetensors file, written atomically.

Samples are functions of (seed, step, index), so no random generator has to be stored.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes
from torch import Tensor, nn

from harmonic.errors import UsageError
from harmonic.images.atomic import atomic_write
from harmonic.network.checkpoint import pack_metadata, read_metadata


@dataclass
class Progress:
    """Counters of a run. step: optimizer steps tried; skipped: of those, steps with a gradient that was not finite."""

    step: int = 0
    skipped: int = 0
    seconds: float = 0.0


def save_state(path: Path, model: nn.Module, ema: dict[str, Tensor], optimizer: torch.optim.Optimizer,
               progress: Progress, recipe_hash: str) -> None:  # fmt: skip
    """Write model, EMA, optimizer moments and counters, as one complete file or not at all."""
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"ema/{name}": value for name, value in ema.items()}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{key}/{name}"] = value
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    atomic_write(path, save_bytes(tensors, pack_metadata({"progress": vars(progress), "recipe": recipe_hash})))


def load_state(path: Path, model: nn.Module, ema: dict[str, Tensor], optimizer: torch.optim.Optimizer,
               recipe_hash: str) -> Progress:  # fmt: skip
    """Read a state back into model, EMA and optimizer -> its counters.

    Raises `UsageError` when the file is damaged or belongs to another recipe.
    """
    data = path.read_bytes()
    try:
        tensors, metadata = load_bytes(data), read_metadata(data)
    except (SafetensorError, ValueError) as error:
        raise UsageError(f"{path}: is damaged ({error}); delete it to start anew") from None
    if metadata.get("recipe") != recipe_hash:
        raise UsageError(f"{path}: belongs to another recipe; give another --out folder, or --no-resume to start anew")
    groups: dict[str, dict[str, Tensor]] = {}
    for full, value in tensors.items():
        group, name = full.split("/", 1)
        groups.setdefault(group, {})[name] = value
    model.load_state_dict(groups.pop("model"))
    for name, value in groups.pop("ema").items():
        ema[name].copy_(value)
    for name, parameter in model.named_parameters():
        state: dict[str, Any] = {}
        for key, values in groups.items():
            if name in values:
                # The fused optimizer walks raw memory: moments need the strides of their parameter.
                like = parameter if values[name].shape == parameter.shape else values[name]
                state[key] = torch.empty_like(like, dtype=torch.float32).copy_(values[name])
        if state:
            optimizer.state[parameter] = state
    return Progress(**metadata["progress"])
