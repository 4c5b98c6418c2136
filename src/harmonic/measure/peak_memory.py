"""Peak memory and speed of whole pictures, each in a process of its own, so that the peak is its own. Linux on CPUs."""

import json
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harmonic.errors import ResourceError
from harmonic.restore.restorer import Restorer


def measured(
    worker: Sequence[str], model: str, width: int, height: int, precision: str, tile: str, device: str, threads: int
) -> dict[str, Any]:
    """One generated picture in a new process -> seconds per megapixel, peak memory and its growth since loading, MiB.

    worker: the command that prints `picture` of these arguments as JSON.
    Raises ResourceError when that process fails, as it does when memory is short.
    """
    words = [model, str(width), str(height), precision, tile, device, str(threads)]
    done = subprocess.run([*worker, *words], capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        raise ResourceError(f"{width}x{height}, tile {tile}: cannot be measured ({last}); ask for smaller pictures")
    return json.loads(done.stdout)


def picture(
    model: str, width: int, height: int, precision: str, tile: str, device: str, threads: int
) -> dict[str, Any]:
    """Restore a picture of noise and look at this process. On CUDA the peak is that of the device's memory."""
    torch.set_num_threads(threads)
    restorer = Restorer(model, device=device, precision=precision, tile=tile)
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    restorer.restore(pixels[:64, :64])
    before = _peak(restorer.device)
    started = time.perf_counter()
    restorer.restore(pixels)
    seconds = time.perf_counter() - started
    peak = _peak(restorer.device)
    return {"width": width, "height": height, "precision": precision, "tile": tile,
            "s_per_mp": round(1e6 * seconds / (width * height), 3), "peak_mib": round(peak),
            "growth_mib": round(peak - before)}  # fmt: skip


def _peak(device: torch.device) -> float:
    """Largest memory so far, MiB. Not getrusage: that counts the parent's before exec."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    found = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[0]) / 1024
