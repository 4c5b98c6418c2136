"""The optimizer, and what it remembers."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from harmonic.train.recipe import Optimizer


def adamw(model: nn.Module, settings: Optimizer, shares: Mapping[str, float] = {"": 1.0}) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices and kernels only, not on biases, norms and scales.

    shares: of the learning rate, by the beginning of a parameter's name; the first that fits counts.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        share = next(share for start, share in shares.items() if name.startswith(start))
        matrix = parameter.ndim > 1 and min(parameter.shape[:2]) > 1
        groups.setdefault((settings.weight_decay if matrix else 0.0, share), []).append(parameter)
    options: Iterable[dict[str, Any]] = [
        {"params": members, "weight_decay": decay, "share": share} for (decay, share), members in groups.items()
    ]
    return torch.optim.AdamW(options, lr=settings.learning_rate, betas=settings.betas, fused=True)


def moments(prefix: str, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers, by `prefix/key/parameter`."""
    return {
        f"{prefix}/{key}/{name}": value
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def set_moments(values: dict[str, Tensor], model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """The reverse of `moments`, names without the prefix; what was remembered before is forgotten."""
    optimizer.state.clear()
    parameters = dict(model.named_parameters())
    for full, value in values.items():
        key, name = full.split("/", 1)
        parameter = parameters[name]
        # The fused optimizer walks raw memory: moments need the strides of their parameter.
        like = parameter if value.shape == parameter.shape else value.to(parameter.device)
        kept = torch.empty_like(like, dtype=torch.float32, requires_grad=False).copy_(value)
        optimizer.state[parameter][key] = kept
