"""The training loop, visible whole: sample, forward, losses, backward, clip, step, EMA, log, validate, save."""

import math
import multiprocessing
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from harmonic.errors import TrainingError
from harmonic.images.atomic import atomic_write
from harmonic.network.harmonic import Harmonic
from harmonic.restore.device import computes_bf16, pick_device
from harmonic.train.batches import Prefetch
from harmonic.train.guard import is_bad, note_bad, note_good, returned
from harmonic.train.learner import Learner, clipped
from harmonic.train.objective import losses, predict, routing_figures, routing_losses
from harmonic.train.on_device import finished
from harmonic.train.processes import ProcessPrefetch
from harmonic.train.ranks import joined
from harmonic.train.reading import resolved
from harmonic.train.recipe import Recipe
from harmonic.train.record import Record, Report
from harmonic.train.replay import keep_for_replay
from harmonic.train.samples import Stream
from harmonic.train.schedule import rate
from harmonic.train.signals import Interruption
from harmonic.train.start import begin
from harmonic.train.state import current_circumstances, latest_state, save_state
from harmonic.train.validate import Case
from harmonic.train.weights import judge, write_weights


def train(
    recipe: Recipe,
    stream: Stream,
    cases: Mapping[str, Case],
    out: Path,
    *,
    max_minutes: float | None = None,
    until: int | None = None,
    resume: bool = True,
    device: str = "cpu",
    init: Path | None = None,
    report: Report | None = None,
    say: Callable[[str], None] | None = None,
    build: Callable[[], nn.Module] | None = None,
) -> Path:
    """Train by a recipe -> the weights file `out/<name>.safetensors` (EMA, bf16).

    stream: the samples. cases: to validate on; none: no validation. max_minutes: of the whole run, with what it took
    before it was paused. until: step at which to pause, saved. init: weights file to start from. build: makes another
    network than the recipe's, x (B, 3, H, W) -> same shape, to be trained the same way; its weights stay in the state
    file, whose path is then returned.
    Raises UsageError; TrainingError when the run cannot go on; KeyboardInterrupt when it was asked to end, and has
    saved.
    """
    ranks = joined(pick_device(device))
    where, tell = ranks.device, say if say and ranks.first else lambda _: None
    for phase in recipe.schedule.phases:  # refused now, not when the phase comes
        ranks.share(phase.batch, recipe.optimizer.accumulate)
    torch.manual_seed(recipe.seed)  # initial weights; nothing later draws from torch
    model = (build() if build else Harmonic(recipe.model.config())).to(where).train()
    config = None if build else recipe.model.config()
    learner = Learner(model, recipe)
    if recipe.precision == "bf16" and not computes_bf16(where):
        tell("precision bf16 is emulated here, which is slower than precision=fp32")
    circumstances = current_circumstances(ranks.size, stream.digest)
    progress = begin(learner, recipe, out, ranks, resume=resume, init=init, circumstances=circumstances, say=tell)
    ranks.from_first(lambda: atomic_write(out / "recipe.yaml", resolved(recipe).encode()))
    finish = finished if recipe.data.degrade == "device" and stream.inputs is None else None
    forward = torch.compile(predict) if recipe.compile else predict

    def save() -> Path:
        """State and weights, by the first process."""
        progress.seconds = before + time.monotonic() - started
        path = save_state(out, learner.tensors(), progress, recipe, circumstances, config)
        return write_weights(out, recipe, learner, progress.step) or path

    def validated() -> None:
        """By the first process."""
        progress.seconds = before + time.monotonic() - started
        judge(learner, recipe, out, cases, progress, record, where, tell)

    with ExitStack() as stack:
        record = stack.enter_context(Record(out, progress, report if ranks.first else None, ranks.first))
        asked = stack.enter_context(Interruption())
        source = replace(stream, turn=progress.turn)
        if where.type == "cuda" and finish is None and "fork" in multiprocessing.get_all_start_methods():
            ahead: Prefetch | ProcessPrefetch = ProcessPrefetch(source, recipe.data.workers)
        else:
            ahead = Prefetch(source, recipe.data.workers, finish)
        prefetch = stack.enter_context(ahead)
        started, before, tried = time.monotonic(), progress.seconds, 0
        if progress.step == 0:
            if init is not None:
                ranks.from_first(validated)
            ranks.from_first(save)
        while True:
            elapsed = before + time.monotonic() - started
            fraction = max(progress.step / recipe.schedule.steps, elapsed / 60 / max_minutes if max_minutes else 0.0)
            fraction, stop = ranks.largest([fraction, float(asked.wanted)])
            if fraction >= 1 or stop or progress.step == until:
                break
            factor = rate(recipe.schedule, progress.step, fraction) * 0.5**progress.turn
            learner.set_rate(factor)
            phase = recipe.schedule.phase(fraction)
            waiting = time.monotonic()
            batches = prefetch.get(
                progress.step, phase.crop, ranks.share(phase.batch, recipe.optimizer.accumulate), where
            )
            waiting = time.monotonic() - waiting

            learner.begin()
            figures: dict[str, float] = {}
            for batch in batches:
                with torch.autocast(where.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
                    restored, parts = forward(model, batch, learner.adversary is not None)
                routing = parts.routing if parts else ()
                terms = losses(restored, batch.gt, recipe.losses, learner.features)
                terms |= routing_losses(routing, batch.labels, recipe.losses)
                if learner.adversary is not None:
                    assert parts is not None
                    terms |= learner.adversary.teaches(parts, batch.gt)
                loss = torch.stack(list(terms.values())).sum()
                (loss / len(batches)).backward()
                terms |= {"loss": loss, **routing_figures(routing)}
                if learner.adversary is not None and parts is not None:
                    terms |= learner.adversary.learns(parts, batch.gt, 1 / len(batches))
                for name, value in zip(terms, torch.stack(list(terms.values())).detach().tolist(), strict=True):
                    figures[name] = figures.get(name, 0.0) + value / len(batches)
            norms = []
            for parameters in learner.trained():
                ranks.average(parameters)
                norms.append(clipped(parameters, recipe.optimizer.clip))
            own, figures = figures["loss"], ranks.means({**figures, "norm": norms[0], "wait": waiting})
            if not is_bad(recipe.guard, progress, figures["loss"], norms):
                learner.step(decay=min(recipe.ema, (1 + progress.step) / (10 + progress.step)))
                note_good(recipe.guard, progress, figures["loss"])
                for name, value in figures.items():
                    progress.sums[name] = progress.sums.get(name, 0.0) + value
                progress.sums["taken"] = progress.sums.get("taken", 0) + 1
            else:
                kept = "a file of the process that it went wrong in"
                if math.isfinite(figures["loss"]) or not math.isfinite(own):
                    kept = keep_for_replay(out, learner, batches, recipe, progress, ranks.rank)
                tell(f"step {progress.step}: not taken (loss {figures['loss']:g}, gradient {norms[0]:g}); kept for "
                     f"--replay as {kept}")  # fmt: skip
                if note_bad(recipe.guard, progress):
                    if progress.turn >= recipe.guard.rollbacks:
                        raise TrainingError(
                            f"{out}: more than {recipe.guard.patience} of 100 steps went wrong, after {progress.turn} "
                            "returns; look at a bad step with --replay, then lower optimizer.learning_rate"
                        )
                    found = ranks.from_first(lambda: latest_state(out, recipe, tell))
                    assert found is not None  # the state of step 0 at least
                    learner.restore(found[0])
                    progress = returned(found[1], progress)
                    prefetch.use(replace(stream, turn=progress.turn))
                    record.back_to(progress)
                    tell(f"back to step {progress.step}, at half the learning rate and with other samples")
                    continue
            progress.step, tried = progress.step + 1, tried + 1

            if progress.step % recipe.log_every == 0:
                elapsed = time.monotonic() - started
                taken, progress.sums = progress.sums, {}
                row = {name: value / taken["taken"] for name, value in taken.items() if name != "taken"}
                left = elapsed / tried * (recipe.schedule.steps - progress.step)
                if max_minutes:
                    left = min(left, max(0.0, 60 * max_minutes - before - elapsed))
                record.row(row | {"step": progress.step, "progress": fraction, "left": left,
                           "lr": recipe.optimizer.learning_rate * factor, "skipped": progress.skipped,
                           "seconds": before + elapsed})  # fmt: skip
            if progress.step % recipe.validate_every == 0:
                ranks.from_first(validated)
            if progress.step % recipe.save_every == 0:
                ranks.from_first(save)
        if fraction >= 1:
            ranks.from_first(validated)
        weights = ranks.from_first(save)
        if stop and fraction < 1:
            raise KeyboardInterrupt
        if ranks.first:
            record.curves()
    return weights
