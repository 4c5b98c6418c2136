"""Which runtime runs a network, in which precision, and why not a faster one."""

from dataclasses import dataclass
from importlib.util import find_spec

import torch

from harmonic.errors import UsageError
from harmonic.restore.device import pick_precision
from harmonic.restore.runtimes.runtime import RUNTIMES

PACKAGES = {"openvino": ("openvino",), "onnx": ("onnxruntime",)}
EXPORTERS = ("onnx", "onnxscript")
PRECISIONS_OF = {"torch": ("fp32", "bf16", "fp16"), "openvino": ("fp32", "bf16"), "onnx": ("fp32",)}


@dataclass(frozen=True)
class Choice:
    """runtime: torch, openvino or onnx. precision: fp32, bf16 or fp16. reasons: why not a faster one, a phrase each."""

    runtime: str
    precision: str
    reasons: tuple[str, ...] = ()


def missing(runtime: str) -> list[str]:
    """Packages that this runtime lacks here; making its file, which is done once, needs `EXPORTERS` too."""
    return [name for name in PACKAGES.get(runtime, ()) if find_spec(name) is None]


def choose(runtime: str, precision: str, device: torch.device, scale: int = 1) -> Choice:
    """What 'auto' means here; anything else is taken at its word or refused. Raises UsageError.

    auto: torch, the fastest as measured (docs/runtimes.md). precision: as `pick_precision` has it for torch at scale 1;
    fp32 for enlargement and for the others, since bf16 moves single samples by more than two levels there.
    """
    if runtime not in RUNTIMES:
        raise UsageError(f"--runtime {runtime}: is not known; use one of {', '.join(RUNTIMES)}")
    wanted = "fp32" if precision == "auto" and scale > 1 else pick_precision(precision, device)
    if runtime in ("auto", "torch"):
        return Choice("torch", wanted, _reasons(wanted, device))
    if device.type != "cpu":
        raise UsageError(f"--runtime {runtime}: runs on the CPU; use --device cpu, or --runtime torch on {device}")
    if absent := missing(runtime):
        raise UsageError(f"--runtime {runtime}: needs {', '.join(absent)}; pip install 'harmonic-ir[export]'")
    if precision == "auto":
        wanted = "fp32"
    elif wanted not in PRECISIONS_OF[runtime]:
        raise UsageError(f"--precision {precision}: {runtime} has {', '.join(PRECISIONS_OF[runtime])} only")
    return Choice(runtime, wanted, (f"torch is faster than {runtime} as a rule", *_reasons(wanted, device)))


def _reasons(precision: str, device: torch.device) -> tuple[str, ...]:
    """Why no faster device and precision."""
    found = []
    if device.type == "cpu":
        seen = torch.cuda.device_count()
        found.append("a GPU is there, and not asked for" if seen else "torch sees no GPU here")
    if precision == "fp32":
        could = pick_precision("auto", device) != "fp32"
        found.append("bf16 is there, and not asked for" if could else "no bf16 instructions in this hardware")
    return tuple(found)
