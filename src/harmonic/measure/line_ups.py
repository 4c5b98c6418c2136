"""Who is trained beside `fast`, and on what they are scored: one line-up for each table of equal budgets.

Each peer is as narrow and shallow as it must be to take the time of `fast` (fused, fp32) within 15 %, as first matched;
`harmonic bench peers --time` measures the ratios that are published.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import nn

from harmonic.degrade.mixtures import Mixture
from harmonic.errors import UsageError
from harmonic.measure.costs import PRECISIONS
from harmonic.measure.peers import enlarging
from harmonic.measure.peers.drunet import DRUNet
from harmonic.measure.peers.moceir import MoCEIR
from harmonic.measure.peers.nafnet import NAFNet
from harmonic.measure.peers.promptir import PromptIR
from harmonic.measure.peers.restormer import Restormer
from harmonic.measure.suites import Suite, suites_named
from harmonic.network.config import variant
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import Scale, fast

OURS = "fast"


@dataclass(frozen=True)
class LineUp:
    """A table of equal budgets.

    entrants: by name, what builds a new network; ours is `fast`. scale: of all of them. mixture, crop, batch: of the
    stream that all train on; crops in input pixels. side: of the square input that is timed. suites: what is scored.
    precision: of training; bf16 is slower than fp32 where it is emulated.
    """

    name: str
    entrants: Mapping[str, Callable[[], nn.Module]]
    scale: Scale
    mixture: Mixture
    crop: int
    batch: int
    side: int
    suites: tuple[Suite, ...]
    precision: Literal["fp32", "bf16"] = "bf16"


def ready(network: nn.Module) -> nn.Module:
    """A copy in the form that is timed, counted and scored: fused where there is something to fuse."""
    if isinstance(network, Harmonic):
        made: nn.Module = fuse(network)
    else:
        made = enlarging.deployed(network)
    return made.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _settings(suite: str, scale: int, *names: str) -> tuple[Suite, ...]:
    """A suite, with these settings alone; the first protocol of that name."""
    found = suites_named(suite, scale)[0]
    return (replace(found, settings=tuple(s for s in found.settings if s.name in names)),)


def _enlarger(make: Callable[..., nn.Module], *sizes: object) -> Callable[[], nn.Module]:
    return partial(enlarging.needs_spandrel, partial(make, *sizes))


def _ours(scale: Scale = 1) -> Harmonic:
    """`fast` as the runs in results/ have it: when the preset changes, all of them are to be made again."""
    config = fast(scale)
    assert config.hf is not None
    return Harmonic(variant(config, hf=config.hf.model_copy(update={"beyond": "zeros"}), mirror=0))


RESTORATION = LineUp(
    "restoration",
    {
        OURS: _ours,
        "NAFNet-small": lambda: NAFNet(20, (1, 1, 2, 4), 4, (1, 1, 1, 1)),
        "Restormer-small": lambda: Restormer(24, (1, 1, 2, 2), 1, shrink=2),
        "PromptIR-style": lambda: PromptIR(20, (1, 1, 1, 2), 1, (1, 2, 4, 4), shrink=2),
        "MoCE-IR-style": lambda: MoCEIR(28, (1, 1, 1, 2), (1, 1, 1), 1, (1, 2, 4, 4), shrink=2),
        "DRUNet-small": lambda: DRUNet(32, 1),
    },
    scale=1,
    mixture=Mixture(clean=0.08, blur=0.2, noise=0.25, jpeg=0.25, hmix=0.22, grey=0.12),  # of recipes/restore_fast.yaml
    crop=64,
    batch=8,
    side=256,
    suites=(
        *_settings("denoise", 1, "sigma 25"),
        *_settings("jpeg", 1, "quality 10"),
        *_settings("hmix", 1, "moderate"),
    ),
)

ENLARGEMENT = LineUp(
    "x4",
    {
        OURS: partial(_ours, 4),
        "SPAN": _enlarger(enlarging.span, 48),
        "PLKSR-small": _enlarger(enlarging.plksr, 48, 3),
        "SwinIR-small": _enlarger(enlarging.swinir, 30, (2,), 3),
        "HAT-small": _enlarger(enlarging.hat, 16, (2,), 2),
        # One spatial block: its position network needs a width of 64, and two such blocks take 1.6 of our time.
        "DAT-small": _enlarger(enlarging.dat, 64, (1,), 2),
        "SeemoRe-small": _enlarger(enlarging.seemore, 36, 2),
    },
    scale=4,
    mixture=Mixture(clean=1, blur=0, noise=0, jpeg=0, hmix=0, grey=0.02),  # of recipes/sr2_fast.yaml
    crop=48,
    batch=4,
    side=128,
    suites=_settings("sr", 4, "x4"),
)

LINE_UPS = {line_up.name: line_up for line_up in (RESTORATION, ENLARGEMENT)}


def line_up_named(name: str, precision: str = "bf16") -> LineUp:
    """A table's line-up, trained in this precision. Raises UsageError that names the known ones."""
    if name not in LINE_UPS:
        raise UsageError(f"{name}: no such table; choose from {', '.join(LINE_UPS)}")
    if precision not in PRECISIONS:
        raise UsageError(f"{precision}: no such precision; choose from {', '.join(PRECISIONS)}")
    return replace(LINE_UPS[name], precision=precision)
