"""Does each family of losses move what it should? Short honest runs, one pair or one stage each.

    python benchmarks/mini_runs.py --data DIR [--only NAME ...]

bands: a tiny network with and without terms of one band; high-band energy of the outputs as a share of the targets',
PSNR of the 4x-down-sampled output. experts: a narrow `base` with and without balance and supervision; spread of the
experts' use, mutual information of expert and degradation. texture: a texture head on the bundled restore-fast; energy,
and the drift of the 4x-down-sampled output. Curves are in the runs' folders (log.jsonl, curves.png).
"""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import torch
from ablation import REFERENCE

from harmonic.assets import find_weights
from harmonic.cli.allocator import keep_freed_memory
from harmonic.measure.specialisation import expert_use, mutual_information, routings
from harmonic.network.checkpoint import load_network
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import high_band_energy, low_band_psnr, psnr
from harmonic.train.batches import thumbnails_of
from harmonic.train.data import read_training, read_validation
from harmonic.train.loop import train
from harmonic.train.recipe import Losses, Model, Optimizer, Phase, Recipe, Schedule, Texture
from harmonic.train.samples import Stream
from harmonic.train.validate import Case, cases, texture_figures, validate
from harmonic.train.weights import restoring

TINY = Model(preset="tiny")
NARROW = Model(preset="base", changes=REFERENCE.model_dump(exclude={"scale"}))
HEAD = Model(preset="fast", changes={"floor": 0, "hf": {"beyond": "zeros", "texture": {"channels": 16}}})
QUIET = {"balance": 0.0, "supervision": 0.0}
STAGE = Texture(gan=0.02, matching=0.1, distance=0.5, pixel=0.1)

# By family: model, steps, crops of 64² a step, and the recipe's losses without and with the terms in question.
RUNS: dict[str, tuple[Model, int, int, Mapping[str, dict]]] = {
    "bands": (TINY, 3000, 8, {
        "plain": {}, "high_fft 1": {"high_fft": 1.0}, "high_laplacian 1": {"high_laplacian": 1.0},
        "texture 1": {"texture": 1.0}, "low 1": {"low": 1.0},
    }),
    "experts": (NARROW, 1000, 4, {
        "without": QUIET, "balance 0.01": {**QUIET, "balance": 0.01},
        "supervision 0.05": {**QUIET, "supervision": 0.05},
    }),
    "texture": (HEAD, 1500, 4, {"hinge": {}}),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/mini"))
    parser.add_argument("--results", type=Path, default=Path("results/mini-runs.json"))
    parser.add_argument("--only", nargs="*", choices=list(RUNS), default=list(RUNS))
    args = parser.parse_args()
    keep_freed_memory()
    pictures, _ = read_training(args.data, 96)
    thumbnails, validation = thumbnails_of(pictures), cases(read_validation(args.data), 1)
    for family in args.only:
        model, steps, batch, variants = RUNS[family]
        for name, losses in variants.items():
            recipe = Recipe(
                name="mini", model=model, losses=Losses(**{"fft": 0.05, **losses}),
                texture=STAGE if family == "texture" else None,
                optimizer=Optimizer(learning_rate=3e-4 if family == "texture" else 1e-3),
                schedule=Schedule(steps=steps, warmup=200, phases=(Phase(crop=64, batch=batch),)), validate_every=500,
            )  # fmt: skip
            stream = Stream(pictures, recipe.mixture, 0, thumbnails=thumbnails)
            init = find_weights("restore-fast") if family == "texture" else None
            run = args.out / f"{family}-{name.replace(' ', '-')}"
            weights = train(recipe, stream, {n: p[:4] for n, p in validation.items()}, run, init=init)
            figures = {key: round(value, 4) for key, value in figures_of(family, weights, validation).items()}
            known = json.loads(args.results.read_text()) if args.results.exists() else {"runs": {}}
            known |= {"command": "python benchmarks/mini_runs.py --data DATA/train", "date": f"{date.today()}"}
            known["runs"].setdefault(family, {})[name] = figures
            args.results.parent.mkdir(parents=True, exist_ok=True)
            args.results.write_text(json.dumps(known, indent=1) + "\n")
            print(f"{family}: {name}: {', '.join(f'{k} {v:g}' for k, v in figures.items())}", flush=True)
    return 0


def figures_of(family: str, weights: Path, validation: Mapping[str, Case]) -> dict[str, float]:
    """What the family's terms are to move, and the mean PSNR beside it."""
    restore = restoring(weights)
    if family == "texture":
        return {
            **texture_figures(restore, restoring(weights, texture=1.0), validation),
            **validate(restore, validation),
        }
    damaged = {name: pairs for name, pairs in validation.items() if name != "clean"}
    outputs = [(to_uint8(restore(lq)), target) for pairs in damaged.values() for lq, target in pairs]
    figures = {
        "mean": float(np.mean([psnr(y, target) for y, target in outputs])),
        "energy": float(np.mean([high_band_energy(y) / high_band_energy(target) for y, target in outputs])),
        "low_psnr": float(np.mean([low_band_psnr(y, target) for y, target in outputs])),
    }
    network = load_network(weights)[0]
    if network.routing_cell is not None:
        inputs = {name: [lq for lq, _ in pairs] for name, pairs in validation.items()}
        gates = [r.gates.mean((0, 2, 3)) for lqs in inputs.values() for lq in lqs for r in routings(network, lq)]
        load = torch.stack(gates).mean(0)
        figures["load_spread"] = float(load.std(correction=0) / load.mean())
        figures["information"] = mutual_information(expert_use(network, inputs))
    return figures


if __name__ == "__main__":
    sys.exit(main())
