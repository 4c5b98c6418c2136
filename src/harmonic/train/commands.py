"""What the two command lines of training can be asked for; each answer is lines for stdout."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harmonic.errors import UsageError
from harmonic.restore.device import pick_device
from harmonic.train.loop import train
from harmonic.train.reading import load_recipe, schema
from harmonic.train.rehearsal import check, plan
from harmonic.train.replay import replay
from harmonic.train.source import Source, read_source

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """A command line of training, taken apart. Without check, plan, schema and replay: train."""

    recipe: Path | None = None
    overrides: Sequence[str] = ()
    data: Sequence[Path] = ()
    inputs: Path | None = None
    pairs: Path | None = None
    strict_data: bool = False
    out: Path | None = None
    max_minutes: float | None = None
    resume: bool = True
    init: Path | None = None
    device: str = "cpu"
    check: bool = False
    plan: bool = False
    schema: bool = False
    replay: Path | None = None


def answer(wanted: Wanted, say: Say) -> Iterator[str]:
    """The lines of the answer as they come. say: hears messages. Raises HarmonicError, KeyboardInterrupt."""
    if wanted.schema:
        yield json.dumps(schema(), indent=1)
        return
    if wanted.replay is not None:
        yield from replay(wanted.replay)
        return
    if wanted.recipe is None:
        raise UsageError("name a recipe file, such as recipes/restore_fast.yaml")
    recipe = load_recipe(wanted.recipe, wanted.overrides)
    pick_device(wanted.device)  # refused here, before pictures are read for minutes
    if wanted.max_minutes is not None and wanted.max_minutes <= 0:
        raise UsageError(f"--max-minutes {wanted.max_minutes:g}: must be above 0; leave it out for no limit")
    if not wanted.data:
        raise UsageError("--data: name the folder of the pictures to train on")
    if wanted.out is None and not (wanted.check or wanted.plan):
        raise UsageError("--out: name the folder of the run")
    if wanted.out is not None and wanted.out.exists() and not wanted.out.is_dir():
        raise UsageError(f"{wanted.out}: a file stands where the folder of the run should be; choose another --out")
    stream, cases = read_source(Source(wanted.data, wanted.inputs, wanted.pairs, wanted.strict_data), recipe, say)
    if wanted.check:
        yield from check(recipe, stream, cases, wanted.device, wanted.init)
    if wanted.plan:
        yield from plan(recipe, stream, wanted.device)
    if wanted.out is not None and not (wanted.check or wanted.plan):
        weights = train(recipe, stream, cases, wanted.out, max_minutes=wanted.max_minutes, resume=wanted.resume,
                        device=wanted.device, init=wanted.init, report=lambda row: say(line(row)), say=say)  # fmt: skip
        yield str(weights)


def line(row: dict[str, float]) -> str:
    """A row of the log for people."""
    left = f"  {row['left'] / 60:.0f} min left" if "left" in row else ""
    loss = f"  loss {row['loss']:.5f}" if "loss" in row else ""
    cases = ("mean", "noise25", "jpeg10", "blur2", "mix", "clean", "bicubic", "real", "pairs", "textured_mean")
    quality = "".join(f"  {name} {row[name]:.2f}" for name in cases if name in row)
    return f"step {row['step']:.0f}{loss}{quality}{left}"
