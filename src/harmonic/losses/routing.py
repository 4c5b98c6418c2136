"""Losses and reports on what a router decided: functions of `Routing` to a scalar, fp32."""

import torch.nn.functional as F
from torch import Tensor

from harmonic.nn.routing import Routing


def balance(routing: Routing) -> Tensor:
    """Spread of the experts' importance: CV² of mean gates plus CV² of mean scores, over all cells of the batch.

    0 when all experts count alike in the mixture; a picture by itself may well need one only. Gates alone would be
    blind: an expert that is never among the best k gets no gradient through them, but does through its score.
    Source: importance and load of Shazeer et al., ICLR 2017.
    """
    return _squared_variation(routing.gates) + _squared_variation(routing.scores)


def z_loss(routing: Routing) -> Tensor:
    """Mean square of logits: keeps sigmoids where they have a gradient.

    Source: ST-MoE (Zoph et al., 2022) squares the log of the softmax's sum; with independent scores the logit takes
    its part.
    """
    return routing.logits.square().mean()


def entropy(routing: Routing) -> Tensor:
    """Mean entropy of a cell's normalised gates, in nats: 0 one expert, log k all k alike. To be logged, not trained
    on: more of it works against specialists, less of it towards collapse. Cells without an open gate count 0.
    """
    share = routing.gates / routing.gates.sum(1, keepdim=True).clamp(min=1e-12)
    return -(share * share.clamp(min=1e-12).log()).sum(1).mean()


def supervision(routing: Routing, labels: Tensor) -> Tensor:
    """Binary cross-entropy between scores and how much of each degradation a picture, or a cell, carries.

    labels (B, E) or (B, E, h, w) in [0, 1], in the order of `EXPERTS`: noise, blur, compression, texture lost. This is
    what makes the deblurring expert the one that deblurs; no balance loss does.
    """
    if labels.ndim == 2:
        labels = labels[:, :, None, None]
    return F.binary_cross_entropy_with_logits(routing.logits, labels.float().expand_as(routing.logits))


def _squared_variation(values: Tensor) -> Tensor:
    """(B, E, h, w) -> variance over mean² of the experts' means; 0 when all of them are 0."""
    importance = values.mean((0, 2, 3))
    return importance.var(correction=0) / importance.mean().square().clamp(min=1e-12)
