"""Forms of the network trained for the same budget and compared: the machinery of `ladder.py` and `ablation.py`.

Same crops, steps, loss and schedule for every form; several seeds give the noise floor. Measured on the validation
crops of the training folder (never on a test set). The figures of every finished run are kept in a folder of JSON
files, so the same command goes on where it stopped; the table is made of what is there.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from harmonic.cli.allocator import keep_freed_memory
from harmonic.degrade.apply import degrade
from harmonic.measure.costs import PRECISIONS, gmac_per_megapixel, timed
from harmonic.measure.form_tables import form_tables
from harmonic.measure.line_ups import ready
from harmonic.measure.peers.nafnet import NAFNet
from harmonic.network.config import NetworkConfig
from harmonic.network.harmonic import Harmonic
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import high_band_psnr, low_band_psnr, psnr
from harmonic.train.batches import thumbnails_of
from harmonic.train.data import read_training, read_validation
from harmonic.train.loop import train
from harmonic.train.recipe import Losses, Optimizer, Phase, Recipe, Schedule
from harmonic.train.samples import Stream
from harmonic.train.validate import CASES, MOST_DB


@dataclass(frozen=True)
class Form:
    """build: a new network. losses: changes to the weights that all forms train with."""

    build: Callable[[], nn.Module]
    losses: Mapping[str, float] = field(default_factory=dict)


def form(config: NetworkConfig, **losses: float) -> Form:
    """A configuration of our own network as a form."""
    return Form(lambda: Harmonic(config), losses)


def main(title: str | None, forms: Mapping[str, Form], reference: str, results: Path, **defaults: Any) -> int:
    """The command line of a comparison with `reference`, one of the forms. defaults: steps, seeds, crop, batch."""
    parser = argparse.ArgumentParser(description=title, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of pictures with train.txt and val.txt")
    parser.add_argument("--out", type=Path, default=Path("runs") / results.name)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seeds", type=int, default=2, help="seeds 0 to this less one")
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--optimizer", choices=("adamw", "muon"), default="muon")
    parser.add_argument("--only", nargs="*", choices=list(forms), default=list(forms))
    parser.add_argument(
        "--results", type=Path, default=results, help="folder of the runs' figures; NAME.json beside it"
    )
    parser.add_argument("--speed", action="store_true", help="only time the forms, and keep the ratios")
    parser.add_argument("--table", action="store_true", help="only gather what is there")
    parser.set_defaults(**defaults)
    args = parser.parse_args()
    keep_freed_memory()
    args.results.mkdir(parents=True, exist_ok=True)
    timing = args.results / "speed.json"
    costs = json.loads(timing.read_text()) if timing.exists() else {}
    if args.speed:
        costs |= speed({name: forms[name].build for name in args.only})
        timing.write_text(json.dumps(costs, indent=1) + "\n")
    elif not args.table:
        if args.data is None:
            parser.error("training needs --data")
        pictures, _ = read_training(args.data, args.crop)
        thumbnails, crops = thumbnails_of(pictures), read_validation(args.data)
        for seed in range(args.seeds):
            for name in args.only:
                figures = one(name, forms[name], seed, args, pictures, thumbnails, crops)
                print(json.dumps(figures), file=sys.stderr, flush=True)
    content = {
        "command": f"python benchmarks/{results.name}.py --data DIR/train",
        "date": time.strftime("%Y-%m-%d"),
        "reference": reference,
        "forms": list(forms),
        "costs": costs,
        "runs": [json.loads(path.read_text()) for path in sorted(args.results.glob("*-*-*-*-*.json"))],
    }
    args.results.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n")
    print("\n\n".join(form_tables(content)))
    return 0


def one(
    name: str,
    form: Form,
    seed: int,
    args: argparse.Namespace,
    pictures: list[np.ndarray],
    thumbnails: list[np.ndarray],
    crops: list[np.ndarray],
) -> dict:
    """Train one form with one seed, or take the finished run -> its figures."""
    run = f"{name}-{args.steps}-{args.crop}-{args.optimizer}-{seed}"
    done = args.results / f"{run}.json"
    if done.exists():
        return json.loads(done.read_text())
    recipe = Recipe(
        name="comparison", losses=Losses(**{"fft": 0.05, **form.losses}), seed=seed,
        optimizer=Optimizer(form=args.optimizer),
        schedule=Schedule(steps=args.steps, phases=(Phase(crop=args.crop, batch=args.batch),)),
    )  # fmt: skip
    stream = Stream(pictures, recipe.mixture, seed, thumbnails=thumbnails)
    started = time.monotonic()
    network: list[nn.Module] = []

    def build() -> nn.Module:
        network.append(form.build())
        return network[0]

    train(recipe, stream, {}, args.out / run, build=build)
    minutes = round((time.monotonic() - started) / 60, 1)
    parameters = sum(p.numel() for p in network[0].parameters())
    figures: dict[str, Any] = {"form": name, "seed": seed}
    figures |= {key: getattr(args, key) for key in ("steps", "crop", "batch", "optimizer")}
    figures |= {"minutes": minutes, "parameters": parameters}
    figures |= score(network[0].eval(), crops)
    done.parent.mkdir(parents=True, exist_ok=True)
    done.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


@torch.inference_mode()
def score(model: nn.Module, crops: list[np.ndarray]) -> dict[str, float]:
    """Mean PSNR per task, then PSNR of the high band (texture) and of the 4x-down-sampled output (structure)."""
    figures: dict[str, list[float]] = {}
    for name, steps in CASES.items():
        for index, clean in enumerate(crops):
            lq = degrade(clean.astype(np.float32) / 255, steps, np.random.RandomState(index))
            x = torch.from_numpy(lq).permute(2, 0, 1)[None]
            y = model(x, model.look(x)) if isinstance(model, Harmonic) else model(x)
            output = to_uint8(y[0].permute(1, 2, 0).numpy())
            figures.setdefault(name, []).append(min(MOST_DB, psnr(output, clean)))
            if steps:
                figures.setdefault("high", []).append(high_band_psnr(output, clean))
                figures.setdefault("low", []).append(low_band_psnr(output, clean))
    means = {name: float(np.mean(values)) for name, values in figures.items()}
    return means | {"mean": float(np.mean([means[name] for name, steps in CASES.items() if steps]))}


@torch.inference_mode()
def speed(forms: dict[str, Callable[[], nn.Module]], side: int = 256) -> dict[str, dict[str, float]]:
    """By form: GMAC/output MP, and the median ratio of latency to NAFNet-w32 in each precision; fused, two threads."""
    torch.set_num_threads(2)
    torch.manual_seed(0)
    models = {f"form {name}": ready(form()) for name, form in forms.items()}  # forms may be called "reference"
    costs = {name: {"gmac": round(gmac_per_megapixel(models[f"form {name}"], side), 2)} for name in forms}
    base = NAFNet().eval().requires_grad_(False)
    for precision in PRECISIONS:
        found = timed(base, models, side, precision)
        for name in forms:
            costs[name][precision] = round(found[f"form {name}"].ratio, 3)
    return costs
