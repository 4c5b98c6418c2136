"""Do experts specialise? What routers of a trained network do with pictures of known damage (seed §4, §14)."""

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from harmonic.network.harmonic import Harmonic
from harmonic.nn.routing import Routing
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.restore.maps import EXPERT_COLOURS


@torch.inference_mode()
def routings(network: Harmonic, picture: np.ndarray) -> Sequence[Routing]:
    """What each router decides about a picture, (H, W, 3) float32 in [0, 1], with its own context."""
    x = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]
    return network.decompose(x, network.look(x)).routing


def expert_use(network: Harmonic, damaged: Mapping[str, Sequence[np.ndarray]]) -> dict[str, np.ndarray]:
    """By name of a damage: each expert's share of the gates, mean over routers, pictures and cells. (E,), sum 1 or 0"""
    use = {}
    for name, pictures in damaged.items():
        gates = [r.gates.mean((0, 2, 3)) for picture in pictures for r in routings(network, picture)]
        mean = torch.stack(gates).mean(0).double().numpy()
        use[name] = mean / mean.sum() if mean.sum() > 0 else mean
    return use


def mutual_information(use: Mapping[str, np.ndarray]) -> float:
    """Bits that the choice of an expert tells about the damage, all damages equally likely.

    0: every damage uses the experts alike; log2 of the smaller number of damages and experts: each has its own.
    """
    joint = np.stack([share / len(use) for share in use.values()])
    independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    held = joint > 0
    return float((joint[held] * np.log2(joint[held] / independent[held])).sum())


def with_experts_turned(network: Harmonic) -> Harmonic:
    """A copy in which every router's decision goes to the next expert: specialised experts then do the wrong work."""
    turned = copy.deepcopy(network)
    for block in turned.modules():
        if isinstance(block, MoETextureBlock):
            block.router = _Turned(block.router)  # type: ignore[assignment]
    return turned


class _Turned(nn.Module):
    """A router whose gates are moved on by one expert."""

    def __init__(self, router: nn.Module):
        super().__init__()
        self.router = router

    def forward(self, x: Tensor, statistics: Tensor) -> Routing:
        routing = self.router(x, statistics)
        return Routing(routing.logits.roll(1, 1), routing.gates.roll(1, 1))


def routing_picture(picture: np.ndarray, routing: Routing) -> np.ndarray:
    """Which expert works where, laid over the grey picture: hue by expert, strength by gate. -> (H, W, 3) uint8

    picture (H, W, 3) float32 in [0, 1]; H and W need not be whole cells. Hues are those of `EXPERT_COLOURS`.
    """
    height, width = picture.shape[:2]
    gates = routing.gates[0].permute(1, 2, 0).cpu().numpy()  # (h, w, E)
    side = -(-max(height / gates.shape[0], width / gates.shape[1]) // 8) * 8
    cells = np.repeat(np.repeat(gates, int(side), 0), int(side), 1)[:height, :width]
    total = cells.sum(2, keepdims=True)
    hue = cells @ (255 * EXPERT_COLOURS) / np.maximum(total, 1e-6)
    weight = 0.6 * np.clip(2 * total, 0, 1)
    grey = 255 * np.clip(picture, 0, 1).mean(2, keepdims=True)
    return (weight * hue + (1 - weight) * grey + 0.5).astype(np.uint8)
