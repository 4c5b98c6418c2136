"""`harmonic bench speed`: parameters, multiply-adds, time and memory."""

import json
from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.options import Device, Quiet
from harmonic.cli.repeatable import check_target, repeatable
from harmonic.cli.text import examples, say, tell

EXAMPLES = examples(
    "harmonic bench speed",
    "harmonic bench speed -m tiny -m runs/mine/restore-fast.safetensors --json speed.json",
    "harmonic bench speed -m restore-fast --runtime onnx --runtime openvino --no-pictures",
    "harmonic bench speed -m base --device cuda --no-pictures",
)

RESTORED, ENLARGED = ((256, 256), (512, 512), (1024, 1024)), ((128, 128), (320, 180))
GROWTH = (128, 256, 512, 1024, 2048)
SIZES = ((1024, 768), (2048, 1536), (4096, 3072))


def speed(
    context: typer.Context,
    model: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", help="A preset, bundled model or weights file; repeatable.", metavar="NAME|FILE"),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Of the CPU.", metavar="N")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Timed calls of each network; the median counts.")] = 20,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Whole pictures too, of the first bundled model or file.")
    ] = True,
    runtime: Annotated[
        list[str] | None,
        typer.Option("--runtime", help="onnx or openvino, beside torch; repeatable.", metavar="NAME"),
    ] = None,
    device: Device = "cpu",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures there.", metavar="FILE")] = None,
    quiet: Quiet = False,
) -> None:
    """Time networks beside NAFNet-w32, fused and not, tiles beside whole pictures, and measure growth and peak memory.

    Without --model: the presets tiny and fast, and pictures by restore-fast. Takes minutes; ratios are of calls in
    turn, and hold on a busy machine better than milliseconds do. In fp32, and bf16 where the hardware computes in
    it. Enlargers are timed at smaller sizes, by 4 beside SPAN-48 where spandrel is installed.
    """
    from datetime import UTC, datetime

    from harmonic.assets import find_weights
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.cli.peak import WORKER
    from harmonic.errors import UsageError
    from harmonic.images.atomic import atomic_write
    from harmonic.measure.costs import timed_precisions
    from harmonic.measure.speed_report import speed_report, speed_tables, tiling, whole_pictures
    from harmonic.network.checkpoint import load_network
    from harmonic.network.harmonic import Harmonic
    from harmonic.network.presets import PRESETS
    from harmonic.restore.device import pick_device
    from harmonic.restore.runtimes.choice import choose

    keep_freed_memory()
    where, note = pick_device(device), (lambda _: None) if quiet else say
    names = model or ["tiny", "fast"]
    files = [name for name in names if name not in PRESETS]
    check_target(json_file)
    for name in runtime or ():
        if name in ("torch", "auto"):
            raise UsageError(f"--runtime {name}: torch is always timed; name onnx or openvino")
        choose(name, "fp32", where)
    if len({Path(name).stem for name in names}) < len(names):
        raise UsageError(f"--model {', '.join(names)}: rows are told apart by their names; rename one of the files")
    networks = {
        Path(name).stem: Harmonic(PRESETS[name]()) if name in PRESETS else load_network(find_weights(name))[0]
        for name in names
    }
    precisions = timed_precisions(where, note)
    content = speed_report(networks, where, sizes=lambda scale: RESTORED if scale == 1 else ENLARGED, growth=GROWTH,
                           rounds=rounds, threads=threads, say=note,
                           runtimes=runtime or (), precisions=precisions)  # fmt: skip
    if pictures and (files or not model):
        worked = [*files, "restore-fast"][0]
        content["pictures"] = whole_pictures(WORKER, worked, str(where), SIZES, threads, note, precisions)
        whole = SIZES[:1] if files and networks[Path(worked).stem].scale > 1 else SIZES[:2]
        content["tiling"] = tiling(worked, str(where), whole, threads, note, precisions)
    command = repeatable(context, "harmonic bench speed", ("quiet",))
    content = {"command": command, "date": datetime.now(UTC).date().isoformat(), **content}
    tell("\n\n".join(speed_tables(content)))
    if json_file:
        atomic_write(json_file, (json.dumps(content, indent=1) + "\n").encode())
