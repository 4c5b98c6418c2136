"""What would run a picture here, how fast, and why nothing faster does."""

import platform
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np
import torch

from harmonic.errors import HarmonicError
from harmonic.restore.device import device_name, free_memory
from harmonic.restore.restorer import Restorer
from harmonic.restore.runtimes.choice import EXPORTERS, PRECISIONS_OF, missing
from harmonic.restore.runtimes.exported_cache import cached_file
from harmonic.version import package_version

_PACKAGES = ("torch", "numpy", "pillow", "openvino", "onnxruntime", "onnx", "onnxscript")
_SIDE, _SECONDS = 512, 1.0  # of the pictures of the speed test, and for how long they are restored
_MEGAPIXELS = 12  # of the picture that the tile size is told for


@dataclass(frozen=True)
class Speed:
    """megapixels: input per second; None where it was not measured, which `reason` explains."""

    runtime: str
    precision: str
    megapixels: float | None
    reason: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """free_memory in bytes. tile: side for a picture of 12 megapixels, None = as a whole. reasons: why not a faster
    runtime or precision. cached: where the exported file of the model lies, or would lie."""

    model: str
    device: str
    device_name: str
    runtime: str
    precision: str
    reasons: tuple[str, ...]
    threads: int
    free_memory: int
    tile: int | None
    versions: dict[str, str]
    cached: str
    speeds: tuple[Speed, ...]


def diagnose(model: str, *, device: str = "auto", precision: str = "auto", runtime: str = "auto") -> Diagnosis:
    """Takes about a second per runtime. Raises what `Restorer` raises."""
    restorer = Restorer(model, device=device, precision=precision, runtime=runtime)
    choice = restorer.choice
    return Diagnosis(
        model=model,
        device=str(restorer.device),
        device_name=device_name(restorer.device),
        runtime=choice.runtime,
        precision=choice.precision,
        reasons=choice.reasons,
        threads=torch.get_num_threads(),
        free_memory=free_memory(restorer.device),
        tile=restorer.planned_tile(*_sides(_MEGAPIXELS)),
        versions={"python": platform.python_version(), "harmonic": package_version(), **_versions()},
        cached=str(cached_file(restorer.network)),
        speeds=tuple(_speed(restorer, model, name, kind) for name, kinds in PRECISIONS_OF.items() for kind in kinds),
    )


def _sides(megapixels: int) -> tuple[int, int]:
    return 1000 * megapixels // 4, 4000


def _versions() -> dict[str, str]:
    """Of the packages that decide about speed; those that are missing say so."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _speed(ready: Restorer, model: str, runtime: str, precision: str) -> Speed:
    if absent := missing(runtime):
        return Speed(runtime, precision, None, f"{', '.join(absent)} not installed")
    exported = runtime != "torch"
    if exported and not cached_file(ready.network).exists():
        lacking = [name for name in EXPORTERS if find_spec(name) is None]
        how = f"{', '.join(lacking)} not installed" if lacking else f"use --runtime {runtime} once"
        return Speed(runtime, precision, None, f"its file is not made yet; {how}")
    try:
        restorer = Restorer(model, device=str(ready.device), precision=precision, runtime=runtime, tile="off")
    except HarmonicError as error:
        return Speed(runtime, precision, None, str(error))
    picture = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    restorer.restore(picture[: _SIDE // 4])  # loads what is loaded on use
    started, count = time.perf_counter(), 0
    while (seconds := time.perf_counter() - started) < _SECONDS or not count:
        restorer.restore(picture)
        count += 1
    return Speed(runtime, precision, round(count * _SIDE * _SIDE / seconds / 1e6, 3))
