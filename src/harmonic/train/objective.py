"""What training minimises: one prediction, the weighted terms over it, and what is logged about the routers."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from harmonic.losses.bands import (
    high_band_loss,
    high_fft_loss,
    high_laplacian_loss,
    laplacian_loss,
    low_band_loss,
    low_fft_loss,
    low_laplacian_loss,
)
from harmonic.losses.features import FeatureExtractor, feature_loss
from harmonic.losses.pixel import charbonnier, fft_l1, l1, psnr_loss
from harmonic.losses.routing import balance, entropy, supervision, z_loss
from harmonic.losses.similarity import ms_ssim_loss, ssim_loss
from harmonic.losses.texture import texture_distance
from harmonic.network.harmonic import Harmonic
from harmonic.nn.parts import Parts
from harmonic.nn.routing import EXPERTS, Routing
from harmonic.ops.noise import Noise
from harmonic.train.batches import Batch
from harmonic.train.recipe import Losses


def predict(model: nn.Module, batch: Batch, generate: bool = False) -> tuple[Tensor, Parts | None]:
    """The restored crops, and the network's parts; other networks than `Harmonic` have none.

    generate: also make the generated texture, with noise of the samples' own.
    """
    if not isinstance(model, Harmonic):
        return model(batch.lq), None
    context = None
    if model.context is not None and batch.thumbnails is not None:
        context = model.context(batch.thumbnails, batch.present)
    noise = Noise(batch.keys, torch.zeros_like(batch.keys)[:, None].expand(-1, 2)) if generate else None
    parts = model.decompose(batch.lq, context, noise)
    return parts.mix(), parts


TERMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "charbonnier": charbonnier,
    "l1": l1,
    "psnr": psnr_loss,
    "fft": fft_l1,
    "ssim": ssim_loss,
    "ms_ssim": ms_ssim_loss,
    "laplacian": laplacian_loss,
    "low": low_band_loss,
    "low_laplacian": low_laplacian_loss,
    "low_fft": low_fft_loss,
    "high": high_band_loss,
    "high_laplacian": high_laplacian_loss,
    "high_fft": high_fft_loss,
    "texture": texture_distance,
}
"""Losses between pictures, by their key in a recipe."""


def losses(
    prediction: Tensor, target: Tensor, weights: Losses, features: FeatureExtractor | None = None
) -> dict[str, Tensor]:
    """The weighted terms by name; a term of weight 0 is not computed. features: of the recipe's file, if it asks."""
    terms = {name: getattr(weights, name) * term(prediction, target)
             for name, term in TERMS.items() if getattr(weights, name)}  # fmt: skip
    if weights.features:
        assert features is not None
        terms["features"] = weights.features * feature_loss(prediction, target, features)
    return terms


def routing_losses(routings: Sequence[Routing], labels: Tensor | None, weights: Losses) -> dict[str, Tensor]:
    """The weighted terms over all routers, by name; none without routers, no supervision without labels."""
    weighted: dict[str, tuple[float, Callable[[Routing], Tensor]]] = {
        "balance": (weights.balance, balance),
        "router_z": (weights.router_z, z_loss),
        "entropy_loss": (weights.entropy, entropy),
    }
    if labels is not None:
        weighted["supervision"] = (weights.supervision, lambda routing: supervision(routing, labels))
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
