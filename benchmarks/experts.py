"""Do the experts of trained networks specialise?

    python benchmarks/experts.py reference=WEIGHTS no-supervision=WEIGHTS --data DIR [--picture docs/routing.webp]

On the validation crops of DIR, each with known damages: share of the gates by expert and damage, mutual information in
bits, use and entropy, and what it costs in PSNR when every decision goes to the next expert. The picture is of the
first network, on a photograph of examples/.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import page
import torch
from comparison import score
from PIL import Image

from harmonic.degrade.apply import degrade
from harmonic.losses.routing import entropy
from harmonic.measure.specialisation import (
    expert_use,
    mutual_information,
    routing_picture,
    routings,
    with_experts_turned,
)
from harmonic.network.checkpoint import load_network
from harmonic.network.harmonic import Harmonic
from harmonic.nn.routing import EXPERTS
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.train.data import read_validation
from harmonic.train.pictures import read_rgb
from harmonic.train.validate import CASES

ROOT = Path(__file__).parents[1]
SHOWN, SIDE = ROOT / "examples" / "photos" / "chelsea.clean.webp", 256


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--picture", type=Path, help="write a sheet: damages and who works where")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "experts.json")
    args = parser.parse_args()
    networks = {name: load_network(Path(file))[0].eval() for name, _, file in (w.partition("=") for w in args.weights)}
    crops = read_validation(args.data)
    content = {
        "command": "python benchmarks/experts.py reference=WEIGHTS no-supervision=WEIGHTS --data DIR/train",
        "date": datetime.now(UTC).date().isoformat(),
        "experts": EXPERTS,
        "networks": {name: figures(network, crops) for name, network in networks.items()},
    }
    args.results.write_text(json.dumps(content, indent=1) + "\n")
    print("\n\n".join(page.experts(content)))
    if args.picture:
        Image.fromarray(sheet(next(iter(networks.values())))).save(args.picture, quality=80)
    return 0


def figures(network: Harmonic, crops: Sequence[np.ndarray]) -> dict[str, Any]:
    """Shares by damage, use by expert, entropy in nats, mutual information in bits, PSNR as it is and turned in dB."""
    damaged = {name: [damaged_by(name, crop, index) for index, crop in enumerate(crops)] for name in CASES}
    shares = expert_use(network, damaged)
    everything = [r for pictures in damaged.values() for picture in pictures for r in routings(network, picture)]
    usage = torch.stack([r.usage for r in everything]).mean(0)
    return {
        "shares": {name: [round(float(share), 3) for share in row] for name, row in shares.items()},
        "usage": [round(float(u), 3) for u in usage],
        "entropy": round(float(torch.stack([entropy(r) for r in everything]).mean()), 3),
        "information": round(mutual_information(shares), 3),
        "psnr": rounded(score(network, list(crops))),
        "turned": rounded(score(with_experts_turned(network), list(crops))),
    }


def damaged_by(case: str, crop: np.ndarray, seed: int) -> np.ndarray:
    """(H, W, 3) uint8 -> float32 about [0, 1]."""
    return degrade(to_float(crop), CASES[case], np.random.RandomState(seed))


def rounded(psnr: Mapping[str, float]) -> dict[str, float]:
    return {name: round(psnr[name], 3) for name in ("mean", *CASES)}


def sheet(network: Harmonic) -> np.ndarray:
    """A column for each damage: the picture, and the experts that work on it laid over it. uint8"""
    crop, columns = read_rgb(SHOWN)[:SIDE, :SIDE], []
    for case in CASES:
        picture = damaged_by(case, crop, 0)
        columns.append(np.concatenate([to_uint8(picture), routing_picture(picture, routings(network, picture)[0])]))
    return np.concatenate(columns, 1)


if __name__ == "__main__":
    sys.exit(main())
