"""Do all ways to run the weights agree? Each against the network as the file holds it, in fp32, on photographs.

A runtime is a function from picture to picture. Exported ones join `runtimes` once the package can make them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Bound, Check, judge
from harmonic.measure.verify.passes import damages
from harmonic.measure.verify.subject import Subject, restored
from harmonic.network.harmonic import Harmonic
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import psnr

COUNT, QUICK_COUNT = 12, 4  # crops

Restore = Callable[[np.ndarray], np.ndarray]
"""(h, w, 3) uint8 -> (scale·h, scale·w, 3) float32, not clamped."""


@dataclass(frozen=True)
class Runtime:
    """One way to run the weights. largest, lost: the bounds of its differences in pixels and in PSNR."""

    restore: Restore
    largest: Bound
    lost: Bound


@dataclass(frozen=True)
class Agreement:
    """largest: of 255. changed: share of 8-bit samples. lost: dB of the mean PSNR."""

    largest: float
    changed: float
    lost: float


def runtimes(subject: Subject) -> tuple[Runtime, ...]:
    """What there is beside the reference."""
    deployed = subject.deployed
    return (
        Runtime(lambda x: restored(deployed, x), bounds.DEPLOYED_LARGEST, bounds.DEPLOYED_PSNR),
        Runtime(lambda x: in_bf16(deployed, x), bounds.BF16_LARGEST, bounds.BF16_PSNR),
    )


def check_agreement(subject: Subject) -> Iterator[Check]:
    """Two figures for each runtime."""
    case = damages(subject.scale, subject.blind)["moderate" if subject.scale == 1 else "bicubic"]
    crops = subject.crops[: QUICK_COUNT if subject.quick else COUNT]
    pairs = [(case(clean, number), clean) for number, clean in enumerate(crops)]
    reference = [restored(subject.network, damaged) for damaged, _ in pairs]
    for runtime in runtimes(subject):
        found = agreement(reference, [runtime.restore(damaged) for damaged, _ in pairs], [clean for _, clean in pairs])
        yield judge(
            runtime.largest, found.largest, f"{found.changed:.3%} of 8-bit samples change, by {len(pairs)} crops"
        )
        yield judge(runtime.lost, found.lost)


def agreement(reference: list[np.ndarray], others: list[np.ndarray], clean: list[np.ndarray]) -> Agreement:
    """Of outputs (H, W, 3) float32, and the clean pictures uint8."""
    gaps = [float(np.abs(a - b).max()) for a, b in zip(reference, others, strict=True)]
    ours, theirs = ([to_uint8(picture) for picture in pictures] for pictures in (reference, others))
    changed = [float((a != b).mean()) for a, b in zip(ours, theirs, strict=True)]
    lost = [psnr(a, c) - psnr(b, c) for a, b, c in zip(ours, theirs, clean, strict=True)]
    return Agreement(255 * float(np.max(gaps)), float(np.mean(changed)), float(np.mean(lost)))


def in_bf16(network: Harmonic, picture: np.ndarray) -> np.ndarray:
    with torch.autocast("cpu", torch.bfloat16):
        return restored(network, picture)
