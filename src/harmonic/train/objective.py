"""What training minimises: one prediction, the weighted terms over it, and what is logged about the routers."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from harmonic.losses.bands import high_band_loss, laplacian_loss, low_band_loss
from harmonic.losses.pixel import charbonnier, fft_l1, l1
from harmonic.losses.routing import balance, entropy, supervision, z_loss
from harmonic.losses.similarity import ms_ssim_loss, ssim_loss
from harmonic.network.harmonic import Harmonic
from harmonic.nn.routing import EXPERTS, Routing
from harmonic.train.batches import Batch
from harmonic.train.recipe import Losses


def predict(model: nn.Module, batch: Batch) -> tuple[Tensor, Sequence[Routing]]:
    """The restored crops, and what the routers decided; other networks than `Harmonic` have none."""
    if not isinstance(model, Harmonic):
        return model(batch.lq), ()
    context = None
    if model.context is not None and batch.thumbnails is not None:
        context = model.context(batch.thumbnails, batch.present)
    parts = model.decompose(batch.lq, context)
    return parts.mix(), parts.routing


TERMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "charbonnier": charbonnier,
    "l1": l1,
    "fft": fft_l1,
    "ssim": ssim_loss,
    "ms_ssim": ms_ssim_loss,
    "laplacian": laplacian_loss,
    "low": low_band_loss,
    "high": high_band_loss,
}
"""Losses between pictures, by their key in a recipe."""


def losses(prediction: Tensor, target: Tensor, weights: Losses) -> dict[str, Tensor]:
    """The weighted terms by name; a term of weight 0 is not computed."""
    chosen = {name: weight for name in TERMS if (weight := getattr(weights, name))}
    return {name: weight * TERMS[name](prediction, target) for name, weight in chosen.items()}


def routing_losses(routings: Sequence[Routing], labels: Tensor, weights: Losses) -> dict[str, Tensor]:
    """The weighted terms over all routers, by name; none without routers."""
    weighted = {
        "balance": (weights.balance, balance),
        "z": (weights.z, z_loss),
        "supervision": (weights.supervision, lambda routing: supervision(routing, labels)),
    }
    return {
        name: weight * torch.stack([term(routing) for routing in routings]).sum()
        for name, (weight, term) in weighted.items()
        if weight and routings
    }


@torch.no_grad()
def routing_figures(routings: Sequence[Routing]) -> dict[str, Tensor]:
    """To be logged: entropy of the gates and use of each expert, means over the routers."""
    if not routings:
        return {}
    use = torch.stack([routing.usage for routing in routings]).mean(0)
    figures = {"entropy": torch.stack([entropy(routing) for routing in routings]).mean()}
    return figures | {f"use_{name}": share for name, share in zip(EXPERTS, use, strict=True)}
