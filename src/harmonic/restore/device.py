"""Which device runs a network, in which precision, and how much memory there is for it."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from harmonic.errors import UsageError

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

_UNKNOWN_FREE_MEMORY = 4 << 30  # bytes assumed where the system does not tell


def pick_device(name: str) -> torch.device:
    """'auto' (a GPU if there is one), 'cpu', 'cuda' or 'cuda:1'. A device that is missing is an error, no fallback.

    Raises UsageError.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in DEVICES or (index and not (kind == "cuda" and index.isdecimal())):
        raise UsageError(f"--device {name}: is not known; use one of {', '.join(DEVICES)}")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise UsageError(f"--device {name}: torch sees {torch.cuda.device_count()} CUDA devices here; use cpu or auto")
    return torch.device(name)


def pick_precision(name: str, device: torch.device) -> str:
    """'auto', 'fp32', 'bf16' or 'fp16' -> one of the last three.

    auto: bf16 where the hardware computes in it, which halves the time; else fp32. Raises UsageError.
    """
    if name == "auto":
        return "bf16" if computes_bf16(device) else "fp32"
    if name not in PRECISIONS:
        raise UsageError(f"--precision {name}: is not known; use one of auto, {', '.join(PRECISIONS)}")
    if name == "fp16" and device.type == "cpu":
        raise UsageError("--precision fp16: needs a GPU; use auto, fp32 or bf16 on the CPU")
    return name


def free_memory(device: torch.device) -> int:
    """Bytes that can be taken now without swapping or breaking the limit of a container."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    known = [free for free in (_system_free(), _container_free()) if free is not None]
    return min(known, default=_UNKNOWN_FREE_MEMORY)


def device_name(device: torch.device) -> str:
    """Of the GPU or the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        with open("/proc/cpuinfo") as file:  # noqa: PTH123
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def computes_bf16(device: torch.device) -> bool:
    """Whether the hardware has instructions for it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Emulated bf16 is slower than fp32, so only the instructions themselves count.
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _system_free() -> int | None:
    """Linux: memory that is free or can be freed at once."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None


def _container_free() -> int | None:
    """What the limit of the control group (version 2) leaves; None without a limit."""
    group = Path("/sys/fs/cgroup")
    try:
        return int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None
