"""What padding and the frame take: `python benchmarks/padding.py`. Ratios of time, in turn, one thread, fused, random
weights: sides to multiples of 8 and 4 beside multiples of a cell, 32 (docs/decisions/0002), then two mirrored pixels
beside none (docs/decisions/0012).
"""

import argparse

import torch
from torch import nn

from harmonic.cli.allocator import keep_freed_memory
from harmonic.measure.costs import call_of
from harmonic.measure.line_ups import ready
from harmonic.measure.markdown import markdown_table
from harmonic.measure.speed import latencies
from harmonic.network.config import NetworkConfig, variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import fast
from harmonic.nn.cells import CELL

SIZES = ((64, 64), (100, 100), (160, 120), (128, 128), (256, 256), (481, 321), (500, 500), (512, 512))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    bare = variant(fast(4), mirror=0)
    pairs = {
        "restoring, 8 beside 32": (made(fast()), made(fast(), CELL)),
        "x4, 4 beside 32": (made(bare), made(bare, CELL)),
        "x4, framed beside bare": (made(fast(4)), made(bare)),
    }
    rows = []
    for width, height in SIZES:
        x = torch.rand(1, 3, height, width)
        ratios = [ratio(new, old, x, args.rounds) for new, old in pairs.values()]
        rows.append([f"{width} x {height}", *(f"{value:.2f}" for value in ratios)])
    print(markdown_table(["pixels", *pairs], "l" + "r" * len(pairs), rows))


def made(config: NetworkConfig, multiple: int | None = None) -> nn.Module:
    """Fused. multiple: of pixels that sides are padded to, in the place of the network's own."""
    network = ready(Harmonic(config))
    if multiple:
        network.multiple = multiple  # type: ignore[assignment]
    return network


def ratio(new: nn.Module, old: nn.Module, x: torch.Tensor, rounds: int) -> float:
    return latencies(call_of(old, x, "fp32"), {"new": call_of(new, x, "fp32")}, rounds=rounds)["new"].ratio


if __name__ == "__main__":
    main()
