"""What a run writes to be used: weights files, and how good they are."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from harmonic.errors import TrainingError
from harmonic.images.atomic import atomic_write
from harmonic.network.checkpoint import Card, dump_network
from harmonic.network.harmonic import Harmonic
from harmonic.ops.eight_bit import to_uint8
from harmonic.restore.restorer import Restorer
from harmonic.train.learner import Learner
from harmonic.train.recipe import Recipe
from harmonic.train.record import Record
from harmonic.train.state import Progress
from harmonic.train.validate import Case, Restore, texture_figures, validate

SHOWN = 4
"""Pictures of a validation that are kept to be looked at."""


def write_weights(out: Path, recipe: Recipe, learner: Learner, step: int, mark: str = "") -> Path | None:
    """Write the EMA weights as `out/<name><mark>.safetensors`; None for a network of others."""
    if not isinstance(learner.model, Harmonic):
        return None
    config = learner.model.config
    card = Card(name=recipe.name.replace("_", "-"), task=recipe.task, config=config, licence=recipe.licence,
                data=recipe.trained_on, recipe=recipe.hash(), step=step)  # fmt: skip
    path = out / f"{card.name}{mark}.safetensors"
    averaged = learner.averaged()
    assert isinstance(averaged, Harmonic)
    atomic_write(path, dump_network(averaged, card, torch.bfloat16))
    return path


def judge(learner: Learner, recipe: Recipe, out: Path, cases: Mapping[str, Case], progress: Progress, record: Record,
          where: torch.device, say: Callable[[str], None]) -> None:  # fmt: skip
    """Validate the weights as a user would get them, log it, keep the best, and warn when a warm start gets worse.

    Once a step. Raises TrainingError when they are worse than the recipe's guard bears.
    """
    if not cases or progress.judged == progress.step:
        return
    progress.judged = progress.step
    weights = write_weights(out, recipe, learner, progress.step)
    restore = restoring(weights, device=str(where)) if weights else by_network(learner.averaged())
    figures = validate(restore, cases)
    if weights and recipe.texture is not None:
        figures |= texture_figures(restore, restoring(weights, 1.0, str(where)), cases)
    record.row({"step": progress.step, "seconds": progress.seconds, **figures})
    shown = next((name for name in ("real", "mix", "bicubic") if name in cases), next(iter(cases)))
    record.pictures(progress.step, [_row(restore, *pair) for pair in cases[shown][:SHOWN]])
    record.curves()
    mean = figures["mean"]
    if progress.best is None or mean > progress.best:
        progress.best = mean
        write_weights(out, recipe, learner, progress.step, "-best")
    if progress.start is None:
        progress.start = mean if progress.step == 0 else None
    elif mean < progress.start:
        say(f"step {progress.step}: alarm, validation fell from {progress.start:.2f} dB at the start to {mean:.2f}")
        if recipe.guard.worse and mean < progress.start - recipe.guard.worse:
            raise TrainingError(
                f"{out}: validation is {progress.start - mean:.2f} dB below its start, guard.worse allows "
                f"{recipe.guard.worse:g}; the best weights are in {recipe.name.replace('_', '-')}-best.safetensors"
            )


def restoring(weights: Path, texture: float = 0.0, device: str = "auto") -> Restore:
    """As `harmonic restore --precision fp32` does it."""
    restorer = Restorer(weights, device=device, precision="fp32")
    return lambda picture: restorer.restore(picture, texture=texture)


def by_network(model: nn.Module) -> Restore:
    """The same for networks of others."""
    where = next(model.parameters()).device

    @torch.inference_mode()
    def restore(picture: np.ndarray) -> np.ndarray:
        return model(torch.from_numpy(picture).permute(2, 0, 1)[None].to(where))[0].permute(1, 2, 0).cpu().numpy()

    return restore


def _row(restore: Restore, lq: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
    """Input (enlarged by repeating pixels), restored, clean."""
    scale = target.shape[0] // lq.shape[0]
    return [to_uint8(lq).repeat(scale, 0).repeat(scale, 1), to_uint8(restore(lq)), target]
