"""Steps per second of our trainer beside a loop in traiNNer-redux's manner, and how much of a step goes for data.

    pip install 'pyvips[binary]' tensorboard
    python benchmarks/throughput.py --data DIR [--rounds 3] [--steps 30] [--results results/throughput.json]

DIR: pictures, as for `harmonic train --data`. Same network (preset `fast`), same losses, same crops (8 of 64²: the
first phase of recipes/restore_fast.yaml), two threads, bf16 and fp32. Every run is a process of its own; the forms take
turns, and a ratio is that of the runs of one round; medians of rounds. Linux only.

- ours: `train()` as the command line calls it, with its allocator; pictures in memory, samples degraded on the fly by
  the recipe's mixture in one thread.
- pairs: the other loop on degraded and clean sub-images, made once by that mixture (`redux_manner.py` tells how it
  works and where each choice comes from).
- ours, second order: the mixture of Real-ESRGAN's damage instead, on the fly as well.
- on the fly: the other loop with its second-order chain on the training device.

Both sides read the same clean sub-images, of `--pictures` pictures. The share of data is the time in which a step waits
for samples, with the degradation on the training device where there is one.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import page
import torch
from PIL import Image

from harmonic.degrade.apply import degrade
from harmonic.degrade.mixtures import sample_mixture
from harmonic.network.harmonic import Harmonic
from harmonic.ops.eight_bit import to_float
from harmonic.train.data import read_training
from harmonic.train.pictures import training_files
from harmonic.train.reading import load_recipe
from harmonic.train.recipe import Recipe

RECIPE = Path(__file__).parents[1] / "recipes/restore_fast.yaml"
SECOND_ORDER = [f"mixture.{kind}=0" for kind in ("clean", "blur", "noise", "jpeg", "hmix")] + ["mixture.real=1"]
FORMS = {
    ("ours", "bf16"): "pairs", ("pairs", "bf16"): None,
    ("ours, second order", "bf16"): "on the fly", ("on the fly", "bf16"): None,
    ("ours", "fp32"): "pairs", ("pairs", "fp32"): None,
}  # fmt: skip
"""What is run, and for ours what it is compared with."""

SIDE, STEP, BLOCK = 480, 240, 5
"""Sub-images, pixels; steps per figure."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=30, help="measured, after half as many to warm up")
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--workers", type=int, default=2, help="processes that load data for the other loop")
    parser.add_argument("--only", nargs="*", default=["bf16", "fp32"], help="precisions")
    parser.add_argument("--results", type=Path, default=Path("results/throughput.json"))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measured(*args.one, args.data, args.steps, args.workers)))
        return 0
    forms = {form: other for form, other in FORMS.items() if form[1] in args.only}
    found: dict[tuple[str, str], list[dict]] = {form: [] for form in forms}
    with tempfile.TemporaryDirectory() as folder:
        write_sub_images(args.data, args.pictures, Path(folder))
        for number in range(args.rounds):
            order = list(forms) if number % 2 == 0 else list(reversed(forms))
            for form in order:
                command = [sys.executable, __file__, "--data", folder, "--one", *form,
                           "--steps", str(args.steps), "--workers", str(args.workers)]  # fmt: skip
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                found[form].append(json.loads(done.stdout.splitlines()[-1]))
                print(f"round {number + 1}: {', '.join(form)}: {found[form][-1]}", file=sys.stderr, flush=True)
    report = {
        "command": f"python benchmarks/throughput.py --data DATA/train --rounds {args.rounds} --steps {args.steps}",
        "date": f"{date.today()}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, 2 threads",
        "workers": args.workers, "rounds": args.rounds, "steps": args.steps,
        "rows": [row(form, other, found) for form, other in forms.items()],
    }  # fmt: skip
    args.results.parent.mkdir(parents=True, exist_ok=True)
    args.results.write_text(json.dumps(report, indent=1) + "\n")
    print("\n\n".join(page.throughput(report)))
    return 0


def write_sub_images(data: Path, count: int, folder: Path) -> None:
    """folder/gt and folder/lq: PNG windows of pictures spread over the data; lq damaged by the recipe's mixture."""
    recipe, rng = load_recipe(RECIPE), np.random.default_rng(0)
    files = training_files(data)
    pictures, _ = read_training(files[:: max(len(files) // count, 1)][:count], SIDE)
    for name in ("gt", "lq"):
        (folder / name).mkdir()
    windows = (p[y : y + SIDE, x : x + SIDE] for p in pictures for y in starts(p.shape[0]) for x in starts(p.shape[1]))
    for number, gt in enumerate(windows):
        lq = degrade(to_float(gt), sample_mixture(rng, recipe.mixture), rng)
        for name, pixels in (("gt", gt), ("lq", (lq * 255).round().clip(0, 255).astype(np.uint8))):
            Image.fromarray(pixels).save(folder / name / f"{number:05d}.png", compress_level=3)


def starts(length: int) -> list[int]:
    """Where windows begin along a side; the last one ends with the picture."""
    return list(dict.fromkeys([*range(0, length - SIDE + 1, STEP), length - SIDE]))


def measured(form: str, precision: str, folder: Path, steps: int, workers: int) -> dict:
    """One run -> medians over blocks of steps after the warm-up: ms of a step, and the share that goes for data."""
    second_order = SECOND_ORDER if form == "ours, second order" else []
    recipe = load_recipe(RECIPE, [f"precision={precision}", f"log_every={BLOCK}", *second_order])
    warm = max(steps // 2 // BLOCK, 1)
    blocks = warm + steps // BLOCK
    took = (ours if form.startswith("ours") else theirs)(recipe, folder, blocks, workers, form == "on the fly")[warm:]
    seconds = median(block[0] for block in took)
    return {"ms": 1000 * seconds, "data": sum(block[1] for block in took) / sum(block[0] for block in took)}


def ours(recipe: Recipe, folder: Path, blocks: int, *_: object) -> list[tuple[float, float]]:
    """Seconds of a step and, of these, for data; means of blocks."""
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.train.loop import train
    from harmonic.train.source import Source, read_source

    keep_freed_memory()
    torch.set_num_threads(2)
    stream, _cases = read_source(Source([folder / "gt"]), recipe, print)
    rows: list[dict[str, float]] = [{"seconds": 0.0}]
    with tempfile.TemporaryDirectory() as out:
        train(recipe, stream, {}, Path(out), until=blocks * BLOCK, report=rows.append)
    ends = [row["seconds"] for row in rows]
    return [((b - a) / BLOCK, row["wait"]) for a, b, row in zip(ends, ends[1:], rows[1:], strict=False)]


def theirs(recipe: Recipe, folder: Path, blocks: int, workers: int, fly: bool) -> list[tuple[float, float]]:
    """The same of the other loop."""
    from redux_manner import run

    torch.set_num_threads(2)
    torch.manual_seed(recipe.seed)
    phase = recipe.schedule.phases[0]
    took = run(Harmonic(recipe.model.config()), recipe.losses, folder, fly=fly, bf16=recipe.precision == "bf16",
               crop=phase.crop, batch=phase.batch, workers=workers, block=BLOCK)  # fmt: skip
    return [(seconds, waited + degraded) for _, (seconds, waited, degraded) in zip(range(blocks), took, strict=False)]


def row(form: tuple[str, str], other: str | None, found: dict[tuple[str, str], list[dict]]) -> dict:
    """Medians of a form over the rounds; against: the other's time in ours, in steps per second of ours to theirs."""
    runs = found[form]
    figures = {"form": form[0], "precision": form[1], "ms": round(median(run["ms"] for run in runs), 1),
               "data": round(median(run["data"] for run in runs), 4)}  # fmt: skip
    if other is None:
        return figures
    ratios = [theirs["ms"] / own["ms"] for own, theirs in zip(runs, found[other, form[1]], strict=True)]
    return figures | {"against": other, "ratio": round(median(ratios), 3), "ratios": [round(r, 3) for r in ratios]}


if __name__ == "__main__":
    sys.exit(main())
