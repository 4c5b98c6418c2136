"""How fast is `fast`, and does memory grow with the picture?

    python benchmarks/speed.py [--results results/speed.json]

Latency at 256² and 512² beside NAFNet-w32 (random weights, same process, interleaved, two threads, fused,
channels-last, fp32 and bf16), then restored pictures of growing size in processes of their own: seconds per megapixel
and peak memory. Prints Markdown. Linux only.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import nn

from harmonic.cli.allocator import keep_freed_memory
from harmonic.measure.peers.nafnet import NAFNet
from harmonic.measure.speed import Latency, latencies
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import fast, tiny
from harmonic.restore.restorer import Restorer

SIZES = ((512, 512), (1024, 768), (2048, 1536), (4096, 3072))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results/speed.json"))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--picture", nargs=4, metavar=("WIDTH", "HEIGHT", "PRECISION", "TILE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    keep_freed_memory()
    if args.picture:
        width, height, precision, tile = args.picture
        print(json.dumps(picture(int(width), int(height), precision, tile)))
        return 0
    torch.set_num_threads(2)
    rows = [
        row for side in (256, 512) for precision in ("fp32", "bf16") for row in compare(side, precision, args.rounds)
    ]
    pictures = [
        measured(*size, precision, tile)
        for precision, tile in (("fp32", "auto"), ("bf16", "auto"), ("bf16", "512"))
        for size in SIZES
    ]
    made = {"command": "python benchmarks/speed.py", "date": datetime.now(UTC).date().isoformat()}
    report = {**made, "machine": machine(), "latency": rows, "pictures": pictures}
    args.results.parent.mkdir(parents=True, exist_ok=True)
    args.results.write_text(json.dumps(report, indent=1) + "\n")
    print(markdown(report))
    return 0


@torch.inference_mode()
def compare(side: int, precision: str, rounds: int) -> list[dict]:
    """Rows of one size and precision. In bf16 all networks hold bf16 weights of their convolutions, cast once."""
    x = torch.rand(1, 3, side, side).to(memory_format=torch.channels_last)
    bf16 = precision == "bf16"

    def call(model: nn.Module) -> Callable[[], object]:
        model = model.eval().requires_grad_(False)
        if bf16:
            for module in model.modules():
                if isinstance(module, nn.Conv2d):
                    module.to(torch.bfloat16)

        def run() -> object:
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                return model(x)

        return run

    calls = {name: call(fuse(Harmonic(config).eval())) for name, config in (("fast", fast()), ("tiny", tiny()))}
    found = latencies(call(NAFNet()), calls, rounds=rounds)
    found["NAFNet-w32"] = found.pop("reference")
    return [row(side, precision, name, value) for name, value in found.items()]


def row(side: int, precision: str, network: str, value: Latency) -> dict:
    return {"side": side, "precision": precision, "network": network,
            "ms": round(value.milliseconds, 1), "ratio": round(value.ratio, 3)}  # fmt: skip


def measured(width: int, height: int, precision: str, tile: str) -> dict:
    """One picture in a process of its own, so that peak memory is its own."""
    command = [sys.executable, __file__, "--picture", str(width), str(height), precision, tile]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def picture(width: int, height: int, precision: str, tile: str) -> dict:
    """Restore a generated picture -> seconds per megapixel, peak memory, and its growth since loading, MiB."""
    torch.set_num_threads(2)
    restorer = Restorer("restore-fast", device="cpu", precision=precision, tile=tile)
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    restorer.restore(pixels[:64, :64])
    before = _peak()
    started = time.perf_counter()
    restorer.restore(pixels)
    seconds = time.perf_counter() - started
    peak = _peak()
    return {"width": width, "height": height, "precision": precision, "tile": tile,
            "s_per_mp": round(1e6 * seconds / (width * height), 3), "peak_mib": round(peak),
            "growth_mib": round(peak - before)}  # fmt: skip


def _peak() -> float:
    """Largest resident memory of this process so far, MiB. Not getrusage: that counts the parent's before exec."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, 2 threads"


def markdown(report: dict) -> str:
    lines = [report["machine"], "", "| size | precision | network | ms | ratio |", "|---|---|---|--:|--:|"]
    lines += [
        f"| {r['side']}² | {r['precision']} | {r['network']} | {r['ms']} | {r['ratio']} |" for r in report["latency"]
    ]
    lines += ["", "| picture | precision | tile | s/MP | peak MiB |", "|---|---|---|--:|--:|"]
    lines += [
        f"| {p['width']}x{p['height']} | {p['precision']} | {p['tile']} | {p['s_per_mp']} | {p['peak_mib']} |"
        for p in report["pictures"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
