"""Whether several tiles are faster in one batch, or as one larger tile, than one after the other (decision 0007).

    python benchmarks/tiles.py [--threads 2] [--rounds 7]

Prints the time of four tiles of restore-fast as a batch, and of one tile with as many pixels, as ratios to four passes.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import torch

from harmonic.assets import find_weights
from harmonic.cli.allocator import keep_freed_memory
from harmonic.network.checkpoint import load_network
from harmonic.network.deploy import fuse


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    network = fuse(load_network(find_weights("restore-fast"))[0]).eval()
    for side in (128, 256, 448):
        tiles, large = torch.rand(4, 3, side, side), torch.rand(1, 3, 2 * side, 2 * side)
        for precision in ("fp32", "bf16"):
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                calls: list[Callable[[], object]] = [
                    lambda tiles=tiles: [network.decompose(tile[None]) for tile in tiles],
                    lambda tiles=tiles: network.decompose(tiles),
                    lambda large=large: network.decompose(large),
                ]
                for call in calls:
                    call()
                rounds = [[seconds(call) for call in calls] for _ in range(args.rounds)]
            batch, one = (statistics.median(r[place] / r[0] for r in rounds) for place in (1, 2))
            print(f"{side}², {precision}: as a batch {batch:.2f}, as one tile {one:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
