"""The state of a run: everything that a bit-equal resume needs, one safetensors file, written atomically.

Samples are functions of (seed, step, index), so no random generator has to be stored.
"""

import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes
from torch import Tensor

from harmonic.errors import HarmonicError, ResourceError, UsageError
from harmonic.images.atomic import atomic_write
from harmonic.network.checkpoint import digest, pack_metadata, read_metadata
from harmonic.network.config import NetworkConfig
from harmonic.restore.device import computes_bf16
from harmonic.train.recipe import Recipe, flattened

KEPT = 3
"""State files of a run; older ones are deleted."""

_TRIES, _PAUSE = 3, 2.0  # seconds between tries to save


@dataclass
class Progress:
    """Where a run stands.

    step: optimizer steps tried; skipped: of those, steps that were not taken. turn: returns to an earlier state so far.
    bad: the latest steps that went wrong. losses: the latest ones, for the spike guard. sums: of the figures since the
    last row of the log. start, best: mean PSNR in dB at step 0 of a warm start, and the best so far. judged: the last
    step that was validated.
    """

    step: int = 0
    skipped: int = 0
    seconds: float = 0.0
    turn: int = 0
    bad: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    start: float | None = None
    best: float | None = None
    judged: int = -1


def current_circumstances(size: int, pictures: str) -> dict[str, Any]:
    """On what bit-equality depends beside the recipe; a change is told, not refused.

    size: processes. pictures: digest of those that are trained on. bf16: whether the CPU computes or emulates it.
    """
    return {"torch": torch.__version__, "machine": platform.machine(), "threads": torch.get_num_threads(),
            "processes": size, "pictures": pictures, "bf16": computes_bf16(torch.device("cpu"))}  # fmt: skip


def save_state(folder: Path, tensors: dict[str, Tensor], progress: Progress, recipe: Recipe,
               circumstances: dict[str, Any] | None = None, network: NetworkConfig | None = None) -> Path:  # fmt: skip
    """Write a state as one complete file or not at all, and delete all but the latest `KEPT` -> its path.

    circumstances: those of now. network: the recipe's, unless another one is trained by it. Raises ResourceError after
    three tries.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    about = {
        "progress": asdict(progress), "recipe": recipe.model_dump(mode="json"), "circumstances": circumstances or {},
        "digests": {name: digest(value) for name, value in tensors.items()},
    }  # fmt: skip
    if network is not None:  # a recipe may name a preset, and what a preset stands for may change
        about["network"] = network.model_dump(mode="json")
    data = save_bytes(tensors, pack_metadata(about))
    path = folder / f"state-{progress.step:08d}.safetensors"
    for left in reversed(range(_TRIES)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
            if free < 2 * len(data):
                raise ResourceError(f"{folder}: {free >> 20} MB are free, a state takes {len(data) >> 20}; make room")
            atomic_write(path, data)
            break
        except (OSError, HarmonicError) as error:
            if not left:
                raise ResourceError(f"{path}: the state cannot be saved, so training ends ({error})") from error
            time.sleep(_PAUSE)
    for old in _states(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def latest_state(
    folder: Path, recipe: Recipe, say: Callable[[str], None] | None = None
) -> tuple[dict[str, Tensor], Progress, dict[str, Any]] | None:
    """The latest state in `folder` that can be read: tensors, progress, circumstances; None without any.

    A damaged file is told and the one before it is taken. Raises `UsageError` when all are damaged, or belong to
    another recipe.
    """
    files = _states(folder)
    for path in files:
        try:
            return read_state(path, recipe)
        except ValueError as error:
            if say:
                say(f"{path}: is damaged ({error}); going on from the state before it")
    if files:
        raise UsageError(f"{folder}: all states of this run are damaged; give --no-resume to start anew")
    return None


def read_state(path: Path, recipe: Recipe) -> tuple[dict[str, Tensor], Progress, dict[str, Any]]:
    """Tensors, progress, circumstances. Raises ValueError when damaged, UsageError for a state of another recipe."""
    try:
        data = path.read_bytes()
        about, tensors = read_metadata(data), load_bytes(data)
        digests, told, before = about["digests"], dict(about["progress"]), about["circumstances"]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(str(error) or type(error).__name__) from None
    if wrong := sorted(
        digests.keys() ^ tensors.keys() | {n for n in tensors if n in digests and digest(tensors[n]) != digests[n]}
    ):
        raise ValueError(f"{wrong[0]} differs from its digest")
    if newer := sorted(told.keys() - {known.name for known in fields(Progress)}):
        raise UsageError(f"{path}: a newer harmonic wrote it ({newer[0]}); update, or give --no-resume to start anew")
    if keys := recipe.differences(about["recipe"]):
        raise UsageError(
            f"{path.parent}: belongs to another recipe ({', '.join(keys[:5])} differ); "
            "give another --out folder, or --no-resume to start anew"
        )
    if changed := _changed(about.get("network"), recipe.model.config()):
        raise UsageError(
            f"{path.parent}: was begun with another network ({changed}); set model.changes to what it was, "
            "give another --out folder, or --no-resume to start anew"
        )
    return tensors, Progress(**told), before


def _changed(before: dict[str, Any] | None, now: NetworkConfig) -> str:
    """What is different, in words; empty for nothing. before: None = the state does not tell, as older ones.

    A key of now that the state does not have yet counts as its default.
    """
    if before is None:
        return ""
    try:
        old, new = (flattened(c.model_dump(mode="json")) for c in (NetworkConfig.model_validate(before), now))
    except ValidationError:
        return "of a version with other parts"
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return f"{keys[0]} was {old.get(keys[0])} and is {new.get(keys[0])}" if keys else ""


def _states(folder: Path) -> list[Path]:
    """State files, latest first."""
    return sorted(folder.glob("state-*.safetensors"), reverse=True)
