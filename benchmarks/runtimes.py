"""Do the runtimes agree, and which is the fastest?

    python benchmarks/runtimes.py --data DIR [--model restore-fast] [--crops 8] [--side 512] [--rounds 7] [--threads 2]

Against torch in fp32 with the weights as the file holds them: the largest difference, the share of 8-bit samples that
change, PSNR lost, on the degraded crops of `harmonic verify`. Then seconds per pass of one random picture, interleaved
in one process, as ratios to torch as users would write it (NCHW, fp32, not fused). The clock is chosen by load: wall
time, and process time beside it, which other work on the machine does not stretch. Prints Markdown.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from harmonic.assets import find_weights
from harmonic.cli.allocator import keep_freed_memory
from harmonic.measure.markdown import markdown_table
from harmonic.measure.verify.agreement import agreement
from harmonic.measure.verify.passes import damages
from harmonic.measure.verify.subject import load_subject, restored
from harmonic.network.checkpoint import load_network
from harmonic.ops.eight_bit import to_float
from harmonic.restore.restorer import Restorer

KINDS = (("torch", "fp32"), ("torch", "bf16"), ("openvino", "fp32"), ("openvino", "bf16"), ("onnx", "fp32"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="restore-fast")
    parser.add_argument("--crops", type=int, default=8)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    restorers = {
        kind: Restorer(args.model, device="cpu", runtime=kind[0], precision=kind[1], tile="off") for kind in KINDS
    }
    agree(args.model, args.data, args.crops, restorers)
    compare(args.model, args.side, args.rounds, restorers)


def agree(model: str, data: Path, count: int, restorers: dict[tuple[str, str], Restorer]) -> None:
    subject = load_subject(model, data)
    case = damages(subject.scale)["moderate" if subject.scale == 1 else "bicubic"]
    clean = list(subject.crops[:count])
    damaged = [to_float(case(crop, number)) for number, crop in enumerate(clean)]
    reference = [restored(subject.network, picture) for picture in damaged]
    rows = []
    for (runtime, precision), restorer in restorers.items():
        found = agreement(reference, [restorer.restore(picture) for picture in damaged], clean)
        rows.append([f"{runtime} {precision}", f"{found.largest:.4f}", f"{found.changed:.3%}", f"{found.lost:.4f}"])
    print(markdown_table(["runtime", "largest, of 255", "8-bit samples changed", "PSNR lost, dB"], "lrrr", rows))


def compare(model: str, side: int, rounds: int, restorers: dict[tuple[str, str], Restorer]) -> None:
    """Medians of interleaved rounds; the first is not counted."""
    plain = load_network(find_weights(model))[0].to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    picture = np.random.default_rng(0).random((side, side, 3), np.float32)
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous()
    passes: dict[str, Callable[[], object]] = {"torch fp32, as users would write it": lambda: plain(x)}
    for (runtime, precision), restorer in restorers.items():
        passes[f"{runtime} {precision}"] = lambda restorer=restorer: restorer.restore(picture)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in passes}
    with torch.inference_mode():
        for _ in range(rounds + 1):
            for name, run in passes.items():
                wall, cpu = time.perf_counter(), time.process_time()
                run()
                taken[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    medians = {name: [statistics.median(column) for column in zip(*t[1:], strict=True)] for name, t in taken.items()}
    first = next(iter(medians.values()))
    rows = [[name, *(f"{figure / one:.2f}" for figure, one in zip(figures, first, strict=True))]
            for name, figures in medians.items()]  # fmt: skip
    head = [f"{side}², {torch.get_num_threads()} threads", "ratio, wall", "ratio, process"]
    print(f"\n{markdown_table(head, 'lrr', rows)}")


if __name__ == "__main__":
    main()
