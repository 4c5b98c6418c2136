"""What products in the place of 1x1 convolutions save: `python benchmarks/products.py` (docs/decisions/0013).

Ratios of time, in turn, random weights, fp32, fused, beside the same network with convolutions, which it has wherever
gradients are asked for.
"""

import argparse
from functools import partial

import torch
from torch import Tensor, nn

from harmonic.cli.allocator import keep_freed_memory
from harmonic.measure.costs import call_of
from harmonic.measure.line_ups import ready
from harmonic.measure.markdown import markdown_table
from harmonic.measure.speed import latencies
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import base, fast, tiny

SIDES = (128, 256)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=12)
    args = parser.parse_args()
    keep_freed_memory()
    networks = {"tiny": tiny(), "fast": fast(), "fast x4": fast(4), "base": base()}
    rows = []
    for threads in args.threads:
        torch.set_num_threads(threads)
        for name, config in networks.items():
            network = ready(Harmonic(config))
            ratios = [ratio(network, torch.rand(1, 3, side, side), args.rounds) for side in SIDES]
            rows.append([str(threads), name, *(f"{value:.2f}" for value in ratios)])
    print(markdown_table(["threads", "network", *(f"{side}²" for side in SIDES)], "rlrr", rows))


def ratio(network: nn.Module, x: Tensor, rounds: int) -> float:
    before = partial(convolved, network, x)
    return latencies(before, {"after": call_of(network, x, "fp32")}, rounds=rounds)["after"].ratio


@torch.enable_grad()
def convolved(network: nn.Module, x: Tensor) -> None:
    """No graph is kept, since no parameter wants a gradient."""
    network(x)


if __name__ == "__main__":
    main()
