"""Do the experts of a trained network specialise?

    python benchmarks/experts.py WEIGHTS --data DIR [--picture routing.png]

On the validation crops of DIR, each with known damages: share of the gates by expert and damage, mutual information in
bits, use and entropy, and what it costs in PSNR when every decision goes to the next expert.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from comparison import score
from PIL import Image

from harmonic.degrade.apply import degrade
from harmonic.losses.routing import entropy
from harmonic.measure.markdown import markdown_table
from harmonic.measure.specialisation import (
    expert_use,
    mutual_information,
    routing_picture,
    routings,
    with_experts_turned,
)
from harmonic.network.checkpoint import load_network
from harmonic.nn.routing import EXPERTS
from harmonic.train.data import read_validation
from harmonic.train.validate import CASES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--picture", type=Path, help="write a sheet: damaged crops and who works where")
    args = parser.parse_args()
    network = load_network(args.weights)[0].eval()
    crops = read_validation(args.data)
    damaged = {
        name: [
            degrade(crop.astype(np.float32) / 255, steps, np.random.RandomState(index))
            for index, crop in enumerate(crops)
        ]
        for name, steps in CASES.items()
    }
    use = expert_use(network, damaged)
    rows = [[name, *(f"{share:.2f}" for share in shares)] for name, shares in use.items()]
    print(markdown_table(["damage", *EXPERTS], "l" + "r" * len(EXPERTS), rows))
    everything = [r for pictures in damaged.values() for picture in pictures for r in routings(network, picture)]
    usage = torch.stack([r.usage for r in everything]).mean(0)
    print(f"\nuse of cells: {', '.join(f'{n} {u:.2f}' for n, u in zip(EXPERTS, usage, strict=True))}")
    print(f"entropy of the gates: {float(torch.stack([entropy(r) for r in everything]).mean()):.3f} nats")
    print(f"mutual information of damage and expert: {mutual_information(use):.3f} bits")
    right, wrong = score(network, crops), score(with_experts_turned(network), crops)
    for name in ("mean", *CASES):
        print(f"{name}: {right[name]:.2f} dB, every decision to the next expert {wrong[name]:.2f}")
    if args.picture:
        columns = []
        for pictures in damaged.values():
            picture = pictures[0]
            damage = (255 * np.clip(picture, 0, 1) + 0.5).astype(np.uint8)
            columns.append(np.concatenate([damage, routing_picture(picture, routings(network, picture)[0])]))
        Image.fromarray(np.concatenate(columns, 1)).save(args.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
