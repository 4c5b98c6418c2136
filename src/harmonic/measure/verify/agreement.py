"""Do all ways to run the weights agree? Each against the network as the file holds it, in fp32, on photographs.

A runtime is a function from picture to picture. Those that run an exported file have it made first, about a minute, so
a quick run leaves them out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch

from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Bound, Check, judge, not_applicable
from harmonic.measure.verify.passes import damages
from harmonic.measure.verify.subject import Subject, restored
from harmonic.network.deploy import without_biases
from harmonic.network.harmonic import Harmonic
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import psnr
from harmonic.restore.restorer import Restorer
from harmonic.restore.runtimes.choice import EXPORTERS, missing

COUNT, QUICK_COUNT = 12, 4  # crops

Restore = Callable[[np.ndarray], np.ndarray]
"""(h, w, 3) uint8 -> (scale·h, scale·w, 3) float32, not clamped."""


@dataclass(frozen=True)
class Runtime:
    """One way to run the weights, or why not. largest, lost: the bounds of its differences in pixels and in PSNR."""

    restore: Restore | str
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
    deployed, faster = subject.deployed, without_biases(subject.deployed)
    return (
        Runtime(lambda x: restored(faster, x), bounds.DEPLOYED_LARGEST, bounds.DEPLOYED_PSNR),
        Runtime(lambda x: in_bf16(deployed, x), bounds.BF16_LARGEST, bounds.BF16_PSNR),
        Runtime(exported(subject, "onnx"), bounds.ONNX_LARGEST, bounds.ONNX_PSNR),
        Runtime(exported(subject, "openvino"), bounds.OPENVINO_LARGEST, bounds.OPENVINO_PSNR),
    )


def exported(subject: Subject, runtime: str) -> Restore | str:
    """By a file that is made for this runtime, or why not."""
    if subject.quick:
        return "left out of a quick run"
    if absent := [*missing(runtime), *(name for name in EXPORTERS if find_spec(name) is None)]:
        return f"needs {', '.join(absent)}; pip install 'harmonic-ir[export]'"
    restorer = Restorer(subject.network, device="cpu", precision="fp32", runtime=runtime, fallback=False)
    return lambda picture: restorer.restore(to_float(picture) if picture.dtype == np.uint8 else picture)


def check_agreement(subject: Subject) -> Iterator[Check]:
    """Two figures for each runtime."""
    case = damages(subject.scale, subject.blind)["moderate" if subject.scale == 1 else "bicubic"]
    crops = subject.crops[: QUICK_COUNT if subject.quick else COUNT]
    pairs = [(case(clean, number), clean) for number, clean in enumerate(crops)]
    reference = [restored(subject.network, damaged) for damaged, _ in pairs]
    for runtime in runtimes(subject):
        if isinstance(runtime.restore, str):
            yield from (not_applicable(bound, runtime.restore) for bound in (runtime.largest, runtime.lost))
            continue
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
