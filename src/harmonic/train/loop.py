"""The training loop, visible whole: sample, forward, losses, backward, clip, step, EMA, log, save."""

import copy
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from harmonic.errors import UsageError
from harmonic.images.atomic import atomic_write
from harmonic.network.checkpoint import Card, dump_network, load_network
from harmonic.network.harmonic import Harmonic
from harmonic.restore.device import pick_device
from harmonic.train.batches import Prefetch, Stream, thumbnails_of
from harmonic.train.objective import losses, predict, routing_figures, routing_losses
from harmonic.train.pictures import read_all, training_files, validation_crops
from harmonic.train.recipe import Recipe, load_recipe
from harmonic.train.schedule import rate
from harmonic.train.state import Progress, load_state, save_state
from harmonic.train.validate import read_crops, validate

Report = Callable[[dict[str, float]], None]
"""Called with the figures of a step: step, progress, loss, seconds left, and validation figures when there are some."""

LOG_EVERY = 50

Network = TypeVar("Network", bound=nn.Module)


def run(
    recipe_path: Path,
    data: Path,
    out: Path,
    *,
    overrides: Sequence[str] = (),
    max_minutes: float | None = None,
    resume: bool = True,
    device: str = "cpu",
    init: Path | None = None,
    report: Report | None = None,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Train by a recipe file -> the weights file. `out` receives state, weights, recipe and a JSONL log.

    The same command again goes on where the run stopped. Raises `UsageError` for a wrong recipe or unusable
    data, `PictureError` for a folder without pictures.
    """
    recipe = load_recipe(recipe_path, overrides)
    files = training_files(data)
    largest = recipe.model.scale * max(phase.crop for phase in recipe.phases)
    pictures, left_out = read_all(files, smallest=largest)
    for message in left_out:
        if say:
            say(message)
    if not pictures:
        raise UsageError(f"{data}: none of its {len(files)} pictures can be used; the first: {left_out[0]}")
    crops = read_crops(validation_crops(data))
    return train(recipe, pictures, crops, out, max_minutes=max_minutes, resume=resume, device=device, init=init,
                 report=report, say=say)  # fmt: skip


def train(
    recipe: Recipe,
    pictures: Sequence,
    crops: Sequence,
    out: Path,
    *,
    max_minutes: float | None = None,
    resume: bool = True,
    device: str = "cpu",
    init: Path | None = None,
    report: Report | None = None,
    say: Callable[[str], None] | None = None,
    build: Callable[[], nn.Module] | None = None,
) -> Path:
    """Train on decoded pictures, (H, W, 3) uint8 each -> the weights file `out/<name>.safetensors` (EMA, bf16).

    build: makes another network than the recipe's, x (B, 3, H, W) -> same shape, to be trained the same way; its
    weights stay in the state file, whose path is then returned.
    """
    where = pick_device(device)
    torch.manual_seed(recipe.seed)  # initial weights; nothing later draws from torch
    model = (build() if build else Harmonic(recipe.model.config())).to(where).train()
    if init is not None:
        fresh = warm_start(model, init)
        if fresh and say:
            say(f"{init}: {len(fresh)} of {len(model.state_dict())} tensors do not fit and start anew")
    ema = {name: value.detach().clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(_groups(model, recipe.weight_decay), lr=recipe.lr, betas=(0.9, 0.99), fused=True)
    state_file, log_file = out / "state.safetensors", out / "log.jsonl"
    progress = Progress()
    if resume and state_file.exists():
        progress = load_state(state_file, model, ema, optimizer, recipe.hash())
    out.mkdir(parents=True, exist_ok=True)
    atomic_write(out / "recipe.json", recipe.model_dump_json(indent=2).encode())

    asks = isinstance(model, Harmonic) and model.context is not None
    thumbnails = thumbnails_of(pictures) if asks else None
    prefetch = Prefetch(Stream(pictures, recipe.mixture, recipe.seed, recipe.model.scale, thumbnails))
    started, before = time.monotonic(), progress.seconds
    first = progress.step / recipe.steps
    sums: dict[str, float] = {}
    try:
        while True:
            elapsed = time.monotonic() - started
            fraction = progress.step / recipe.steps
            if max_minutes:
                fraction = max(fraction, elapsed / (60 * max_minutes))
            if fraction >= 1:
                break
            factor = rate(progress.step, fraction, recipe.warmup, recipe.cooldown)
            for group in optimizer.param_groups:
                group["lr"] = recipe.lr * factor
            phase = recipe.phase(fraction)
            batch = prefetch.get(progress.step, phase.crop, phase.batch).to(where)

            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(where.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
                restored, routing = predict(model, batch)
            terms = losses(restored, batch.gt, recipe.losses) | routing_losses(routing, batch.labels, recipe.losses)
            loss = torch.stack(list(terms.values())).sum()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            if bool(loss.isfinite()) and bool(norm.isfinite()):
                optimizer.step()
                _update(ema, model, min(recipe.ema, (1 + progress.step) / (10 + progress.step)))
            else:
                progress.skipped += 1
            progress.step += 1

            for name, value in {**terms, **routing_figures(routing), "loss": loss, "norm": norm}.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach().nan_to_num(0, 0, 0))
            if progress.step % LOG_EVERY == 0:
                progress.seconds = before + time.monotonic() - started
                row = {name: value / LOG_EVERY for name, value in sums.items()}
                sums = {}
                left = (time.monotonic() - started) * (1 - fraction) / max(fraction - first, 1e-9)
                row |= {"step": progress.step, "progress": fraction, "lr": recipe.lr * factor, "left": left,
                        "skipped": progress.skipped, "seconds": progress.seconds}  # fmt: skip
                if crops and progress.step % recipe.validate_every == 0:
                    row |= validate(_with(model, ema), crops, where, recipe.model.scale)
                _log(log_file, row, report)
            if progress.step % recipe.save_every == 0:
                _save(out, recipe, model, ema, optimizer, progress, state_file)
    finally:
        prefetch.close()
    progress.seconds = before + time.monotonic() - started
    weights = _save(out, recipe, model, ema, optimizer, progress, state_file)
    if crops:
        final = {
            "step": progress.step,
            "seconds": progress.seconds,
            **validate(_with(model, ema), crops, where, recipe.model.scale),
        }
        _log(log_file, final, report)
    return weights


def warm_start(model: nn.Module, init: Path) -> list[str]:
    """Take every tensor of a weights file that has the name and shape of one of the model's -> names of the rest.

    So a network starts from one of another scale, tail or depth. Raises `UsageError` if less than a tenth of the
    model's numbers are there: that is another network.
    """
    own, given = model.state_dict(), load_network(init)[0].state_dict()
    fitting = {name: t for name, t in given.items() if name in own and own[name].shape == t.shape}
    taken, all_numbers = sum(t.numel() for t in fitting.values()), sum(t.numel() for t in own.values())
    if taken < all_numbers / 10:
        raise UsageError(f"{init}: only {taken} of {all_numbers} numbers fit the recipe's network; "
                         "set model in the recipe to match, or train without --init")  # fmt: skip
    model.load_state_dict(fitting, strict=False)
    return sorted(own.keys() - fitting.keys())


def _groups(model: nn.Module, decay: float) -> list[dict[str, object]]:
    """Weight decay on matrices and kernels only, not on biases, norms and scales."""
    matrices = [p for p in model.parameters() if p.ndim > 1 and min(p.shape[:2]) > 1]
    chosen = set(map(id, matrices))
    vectors = [p for p in model.parameters() if id(p) not in chosen]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


@torch.no_grad()
def _update(ema: dict[str, Tensor], model: nn.Module, decay: float) -> None:
    for name, value in model.state_dict().items():
        ema[name].lerp_(value, 1 - decay)


def _with(model: Network, ema: dict[str, Tensor]) -> Network:
    """A network with the EMA weights."""
    other = copy.deepcopy(model)
    other.load_state_dict(ema)
    return other.eval()


def _save(out: Path, recipe: Recipe, model: nn.Module, ema: dict[str, Tensor], optimizer: torch.optim.Optimizer,
          progress: Progress, state_file: Path) -> Path:  # fmt: skip
    save_state(state_file, model, ema, optimizer, progress, recipe.hash())
    if not isinstance(model, Harmonic):
        return state_file
    card = Card(name=recipe.name.replace("_", "-"), task=recipe.task, config=model.config, licence=recipe.licence,
                data=recipe.data, recipe=recipe.hash(), step=progress.step)  # fmt: skip
    weights = out / f"{card.name}.safetensors"
    atomic_write(weights, dump_network(_with(model, ema), card, torch.bfloat16))
    return weights


def _log(file: Path, row: dict[str, float], report: Report | None) -> None:
    with file.open("a") as log:
        log.write(json.dumps({name: round(value, 7) for name, value in row.items()}) + "\n")
    if report:
        report(row)
