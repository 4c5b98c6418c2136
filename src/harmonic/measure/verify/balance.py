"""Experts: are all of them used, do they specialise, and do they earn their place (seed §4, §14)?"""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from harmonic.degrade.apply import degrade
from harmonic.measure.specialisation import (
    expert_use,
    mutual_information,
    routing_picture,
    routings,
    with_experts_turned,
)
from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, Picture, judge, not_applicable
from harmonic.measure.verify.drawing import sheet
from harmonic.measure.verify.subject import Subject, restored
from harmonic.network.deploy import limit_experts
from harmonic.network.harmonic import Harmonic
from harmonic.nn.routing import EXPERTS
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import psnr
from harmonic.restore.maps import EXPERT_COLOUR_NAMES
from harmonic.train.validate import CASES, cases

COUNT, QUICK_COUNT = 8, 3  # crops

_BOUNDS = (
    bounds.USED,
    bounds.LARGEST,
    bounds.ENTROPY,
    bounds.SPECIALISED,
    bounds.TURNED,
    bounds.WITHOUT_EXPERTS,
)


def check_experts(subject: Subject) -> Iterator[Check]:
    """On crops of known damage; the figures of balance are over all of them, since one picture may need one expert."""
    network = subject.deployed
    if not any(isinstance(module, MoETextureBlock) for module in network.modules()):
        for bound in _BOUNDS:
            yield not_applicable(bound, "this network has no experts")
        return
    crops = subject.crops[: QUICK_COUNT if subject.quick else COUNT]
    damaged = damaged_crops(crops, subject.scale)
    use = expert_use(network, damaged)
    usage = least_use(network, damaged)
    pictures = _maps(network, damaged)
    yield judge(bounds.USED, float(usage.min()), f"by expert: {_listed(usage)}", pictures)
    shares = np.mean(list(use.values()), 0)
    yield judge(bounds.LARGEST, float(shares.max()), f"by expert: {_listed(shares)}")
    yield judge(bounds.ENTROPY, share_entropy(shares))
    table = "; ".join(f"{case}: {_listed(share)}" for case, share in use.items())
    yield judge(bounds.SPECIALISED, mutual_information(use), table)
    pairs = [pair for name, of_case in cases(crops, subject.scale).items() if name != "clean" for pair in of_case]
    whole = _quality(network, pairs)
    turned = _quality(with_experts_turned(network), pairs)
    yield judge(bounds.TURNED, whole - turned, f"from {whole:.2f} to {turned:.2f} dB")
    alone = copy.deepcopy(network)
    limit_experts(alone, 0)
    without = _quality(alone, pairs)
    yield judge(bounds.WITHOUT_EXPERTS, whole - without, f"from {whole:.2f} to {without:.2f} dB at budget 0")


def damaged_crops(crops: Sequence[np.ndarray], scale: int) -> dict[str, list[np.ndarray]]:
    """By name of the damage, at the size of the input: routers see inputs. (h, w, 3) float32"""
    small = [crop[: crop.shape[0] // scale, : crop.shape[1] // scale] for crop in crops]
    return {
        name: [degrade(to_float(crop), chain, np.random.RandomState(i)) for i, crop in enumerate(small)]
        for name, chain in CASES.items()
    }


def least_use(network: Harmonic, damaged: Mapping[str, Sequence[np.ndarray]]) -> np.ndarray:
    """By expert, the share of cells with its gate open, in the block that uses it least. (E,)"""
    everything = [routings(network, picture) for pictures in damaged.values() for picture in pictures]
    blocks = zip(*everything, strict=True)
    return torch.stack([torch.stack([r.usage for r in block]).mean(0) for block in blocks]).amin(0).numpy()


def share_entropy(shares: np.ndarray) -> float:
    """0: one expert has all of the gates; 1: all have the same. shares (E,), sum 1"""
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum() / math.log(len(shares)))


def _quality(network: Harmonic, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean PSNR of 8-bit outputs."""
    return float(np.mean([psnr(to_uint8(restored(network, lq)), target) for lq, target in pairs]))


def _maps(network: Harmonic, damaged: Mapping[str, Sequence[np.ndarray]]) -> list[Picture]:
    inputs, maps = {}, {}
    for name, (picture, *_) in damaged.items():
        inputs[name] = to_uint8(picture)
        maps[f"{name}: who works"] = routing_picture(picture, routings(network, picture)[0])
    names = zip(EXPERT_COLOUR_NAMES, EXPERTS, strict=True)
    legend = ", ".join(f"{colour} {expert}" for colour, expert in names)
    return [Picture(f"Routing of the first block: {legend}.", sheet([inputs, maps]))]


def _listed(values: np.ndarray) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in zip(EXPERTS, values, strict=True))
