"""What training minimises: one prediction, the weighted terms over it, and what is logged about the routers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harmonic.losses.bands import high_band_loss, low_band_loss
from harmonic.losses.pixel import charbonnier, fft_l1
from harmonic.losses.routing import balance, entropy, supervision, z_loss
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


def losses(prediction: Tensor, target: Tensor, weights: Losses) -> dict[str, Tensor]:
    """The weighted terms by name; a term of weight 0 is not computed."""
    terms = {}
    if weights.charbonnier:
        terms["charbonnier"] = weights.charbonnier * charbonnier(prediction, target)
    if weights.fft:
        terms["fft"] = weights.fft * fft_l1(prediction, target)
    if weights.low:
        terms["low"] = weights.low * low_band_loss(prediction, target)
    if weights.high:
        terms["high"] = weights.high * high_band_loss(prediction, target)
    return terms


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
