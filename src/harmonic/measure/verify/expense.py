"""Multiply-adds and parameters beside the pure-conv path of the same network and beside NAFNet-w32 (seed §15)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from harmonic.measure.peers.nafnet import NAFNet
from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, judge, not_applicable
from harmonic.measure.verify.subject import Subject
from harmonic.network.config import NetworkConfig
from harmonic.network.cost import multiply_adds
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import large
from harmonic.network.pure_convolution import pure_convolution
from harmonic.ops.noise import Noise
from harmonic.restore.tile import round_up

M = TypeVar("M", bound=nn.Module)

SIDE = 512  # pixels, rounded up to the grid


@dataclass(frozen=True)
class Expense:
    """Of a deployed network. macs: multiply-adds per input pixel."""

    macs: float
    parameters: int


def check_expense(subject: Subject) -> Iterator[Check]:
    """Of the deployed form, generated texture included."""
    config = subject.network.config
    plain = pure_convolution(config)
    ours = expense(config)
    if plain == config:
        yield not_applicable(bounds.PURE_MACS, "it is the pure-conv path")
        yield not_applicable(bounds.PURE_PARAMETERS, "it is the pure-conv path")
    else:
        pure = expense(plain)
        yield judge(bounds.PURE_MACS, ours.macs / pure.macs, _gmac(ours, pure))
        yield judge(bounds.PURE_PARAMETERS, ours.parameters / pure.parameters, _millions(ours, pure))
    if subject.scale > 1:
        reason = "the network enlarges, and NAFNet-w32 does not"
        yield not_applicable(bounds.NAFNET_MACS, reason)
        yield not_applicable(bounds.NAFNET_PARAMETERS, reason)
        return
    nafnet = _counted(NAFNet(), SIDE, lambda m: m(torch.empty(1, 3, SIDE, SIDE)))
    heavy = config.channels[0] >= large().channels[0]
    bound = bounds.NAFNET_MACS_LARGE if heavy else bounds.NAFNET_MACS
    yield judge(bound, ours.macs / nafnet.macs, _gmac(ours, nafnet))
    yield judge(bounds.NAFNET_PARAMETERS, ours.parameters / nafnet.parameters, _millions(ours, nafnet))


def expense(config: NetworkConfig) -> Expense:
    """Of a new network; weights change nothing."""
    network = fuse(Harmonic(config))
    side = round_up(SIDE, network.grid)
    one = Noise(torch.zeros(1, dtype=torch.int64), torch.zeros(1, 2, dtype=torch.int64))
    return _counted(network, side, lambda m: m.decompose_framed(torch.empty(1, 3, side, side), noise=one))


def _counted(network: M, side: int, call: Callable[[M], object]) -> Expense:
    return Expense(multiply_adds(network, call)[""] / side**2, sum(p.numel() for p in network.parameters()))


def _gmac(ours: Expense, other: Expense) -> str:
    return f"{ours.macs / 1000:.1f} against {other.macs / 1000:.1f} GMAC per megapixel"


def _millions(ours: Expense, other: Expense) -> str:
    return f"{ours.parameters / 1e6:.2f} against {other.parameters / 1e6:.2f} million"
