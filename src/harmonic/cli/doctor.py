"""`harmonic doctor`: what would run here, how fast, and why nothing faster does."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from harmonic.cli.options import Device, Model, Precision, PrecisionOption, RuntimeOption
from harmonic.cli.text import examples, tell

if TYPE_CHECKING:
    from harmonic.restore.doctor import Diagnosis

EXAMPLES = examples("harmonic doctor", "harmonic doctor --model restore-fast --json | jq .speeds")


def doctor(
    model: Model = "restore-fast",
    device: Device = "auto",
    precision: PrecisionOption = Precision.auto,
    runtime: RuntimeOption = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Say which device, runtime and precision would be used, why not faster ones, and how fast each is.

    Speeds are megapixels of input per second, each measured for about a second with pictures of 512 x 512.
    """
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.restore.doctor import diagnose

    keep_freed_memory()
    found = diagnose(model, device=device, precision=precision, runtime=runtime)
    if as_json:
        tell(json.dumps(asdict(found)))
    else:
        _write_tables(found)


def _write_tables(found: "Diagnosis") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from harmonic.cli.info_tables import PIPED_WIDTH

    facts = Table("name", "value", show_header=False)
    facts.add_row("device", f"{found.device} ({found.device_name})")
    facts.add_row("runtime", f"{found.runtime} in {found.precision}")
    for reason in found.reasons:
        facts.add_row("", reason)
    facts.add_row("threads", str(found.threads))
    facts.add_row("free memory", f"{found.free_memory / (1 << 30):.1f} GiB")
    facts.add_row("tile", f"{found.tile or 'whole'} for a picture of 12 megapixels")
    facts.add_row("exported file", found.cached)
    for name, version in found.versions.items():
        facts.add_row(name, version)
    speeds = Table("runtime", "precision")
    speeds.add_column("megapixels/s", justify="right")
    speeds.add_column("")
    for speed in found.speeds:
        figure = "" if speed.megapixels is None else f"{speed.megapixels:.2f}"
        speeds.add_row(speed.runtime, speed.precision, figure, speed.reason)
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    for table in (facts, speeds):
        table.box = box.SIMPLE_HEAD if console.is_terminal else None
        console.print(table)
        if not console.is_terminal:
            console.print()
