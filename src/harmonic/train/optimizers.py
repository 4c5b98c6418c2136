"""What takes the steps, and what it remembers."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from harmonic.train import recipe
from harmonic.train.muon import Muon

Optimizers = Sequence[Optimizer]
"""Each parameter belongs to one of them."""

_FEWEST = 16  # inputs and outputs; what has fewer is no matrix worth evening out


def optimizers_of(
    model: nn.Module, settings: recipe.Optimizer, shares: Mapping[str, float] = {"": 1.0}
) -> tuple[Optimizer, ...]:
    """AdamW; decay on what mixes channels, not on depthwise kernels, biases, norms and scales.

    Muon, where it is asked for, takes matrices and kernels that mix channels, with 16 of them at least on both sides:
    not those that pictures come in by or go out by.
    shares: of the learning rate, by the beginning of a parameter's name; the first that fits counts.
    """
    groups: dict[tuple[bool, float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        share = next(share for start, share in shares.items() if name.startswith(start))
        narrowest = min(parameter.shape[:2]) if parameter.ndim > 1 else 1
        mixes = settings.form == "muon" and narrowest >= _FEWEST
        groups.setdefault((mixes, settings.weight_decay if narrowest > 1 else 0.0, share), []).append(parameter)
    matrices, others = (
        [
            {"params": members, "weight_decay": decay, "share": share}
            for (mixes, decay, share), members in groups.items()
            if mixes == wanted
        ]
        for wanted in (True, False)
    )
    found: list[Optimizer] = [Muon(matrices, settings.learning_rate)] if matrices else []
    if others:
        found.append(torch.optim.AdamW(others, lr=settings.learning_rate, betas=settings.betas, fused=True))
    return tuple(found)


def set_rate(optimizers: Optimizers, rate: float) -> None:
    """rate: of parameters whose share is 1."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate * group["share"]


def moments(prefix: str, model: nn.Module, optimizers: Optimizers) -> dict[str, Tensor]:
    """What optimizers remember, by `prefix/key/parameter`."""
    return {
        f"{prefix}/{key}/{name}": value
        for name, parameter in model.named_parameters()
        for optimizer in optimizers
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def set_moments(values: dict[str, Tensor], model: nn.Module, optimizers: Optimizers) -> None:
    """The reverse of `moments`, names without the prefix; what was remembered before is forgotten."""
    owner = {p: optimizer for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]}
    for optimizer in optimizers:
        optimizer.state.clear()
    parameters = dict(model.named_parameters())
    for full, value in values.items():
        key, name = full.split("/", 1)
        parameter = parameters[name]
        # Fused AdamW walks raw memory: moments need the strides of their parameter.
        like = parameter if value.shape == parameter.shape else value.to(parameter.device)
        kept = torch.empty_like(like, dtype=torch.float32, requires_grad=False).copy_(value)
        owner[parameter].state[parameter][key] = kept
