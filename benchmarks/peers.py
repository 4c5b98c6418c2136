"""Latency of our presets beside published networks, all in one process.

    make peers                                   # an environment with spandrel, then this script
    python benchmarks/peers.py [--device cpu] [--threads 2] [--rounds 20] [--results results/peers-speed.json]

Restoration from 256² pixels as ratio to NAFNet-w32; enlargement by 4 from 128² as ratio to SPAN-48. Three draws of
random weights, interleaved, deploy forms where there are any, channels-last, fp32 and, where the hardware computes in
it, bf16 by autocast.
NAFNet and Restormer are ours, written from the papers; the others are the classes of chaiNNer-org/spandrel.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import page
import torch
from spandrel.architectures.HAT import HAT
from spandrel.architectures.PLKSR import PLKSR
from spandrel.architectures.SeemoRe import SeemoRe
from spandrel.architectures.SPAN import SPAN
from spandrel.architectures.SwinIR import SwinIR
from torch import nn

from harmonic.cli.allocator import keep_freed_memory
from harmonic.measure.costs import over_draws, parameters_of, timed_precisions
from harmonic.measure.line_ups import ready
from harmonic.measure.origin import machine
from harmonic.measure.peers.nafnet import NAFNet
from harmonic.measure.peers.restormer import Restormer
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS
from harmonic.restore.device import pick_device


def restoration() -> dict[str, nn.Module]:
    """The reference first."""
    peers = {"NAFNet-w32": NAFNet(), "Restormer": Restormer()}
    return peers | {name: Harmonic(PRESETS[name](1)) for name in ("tiny", "fast", "base", "large")}


def enlargement() -> dict[str, nn.Module]:
    """The reference first. Configurations as published for x4."""
    peers: dict[str, nn.Module] = {
        "SPAN-48": SPAN(num_in_ch=3, num_out_ch=3, feature_channels=48, upscale=4),
        "PLKSR-tiny": PLKSR(dim=64, n_blocks=12, upscaling_factor=4, ccm_type="DCCM", kernel_size=13, use_ea=False),
        "SeemoRe-T": SeemoRe(
            scale=4, num_experts=3, num_layers=6, embedding_dim=36, global_kernel_size=11, lr_space="exp"
        ),
        "SwinIR-light": SwinIR(
            embed_dim=60, depths=[6] * 4, num_heads=[6] * 4, window_size=8, mlp_ratio=2, upscale=4,
            upsampler="pixelshuffledirect",
        ),
        "HAT-S": HAT(
            embed_dim=144, depths=[6] * 6, num_heads=[6] * 6, window_size=16, compress_ratio=24, squeeze_factor=24,
            mlp_ratio=2, upscale=4,
        ),
    }  # fmt: skip
    return peers | {name: Harmonic(PRESETS[name](4)) for name in ("tiny", "fast", "base", "large")}


def compare(
    build: Callable[[], dict[str, nn.Module]], side: int, precision: str, rounds: int, device: torch.device
) -> list[dict]:
    def made() -> dict[str, nn.Module]:
        return {name: ready(network).to(device) for name, network in build().items()}

    models = made()
    reference = next(iter(models))
    return [
        {
            "side": side, "precision": precision, "network": name, "reference": reference,
            "parameters": parameters_of(models[name]),
            "ms": round(latency.milliseconds, 1), "ratio": round(latency.ratio, 3),
        }
        for name, latency in over_draws(made, reference, side, precision, rounds).items()
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--results", type=Path, default=Path("results/peers-speed.json"))
    args = parser.parse_args()
    device = pick_device(args.device)
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    rows = [
        row
        for make, side in ((restoration, 256), (enlargement, 128))
        for precision in timed_precisions(device, print)
        for row in compare(make, side, precision, args.rounds, device)
    ]
    args.results.parent.mkdir(parents=True, exist_ok=True)
    made = {"command": "make peers", "date": datetime.now(UTC).date().isoformat()}
    report = {**made, "machine": machine(device), "rows": rows}
    args.results.write_text(json.dumps(report, indent=1) + "\n")
    print("\n\n".join(page.peers(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
