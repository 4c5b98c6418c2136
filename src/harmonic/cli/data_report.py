"""What `harmonic data check` prints: a line for each finding, bad ones first, and a table of counts."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

from rich import box
from rich.console import Console
from rich.table import Table

from harmonic.cli.text import tell

if TYPE_CHECKING:
    from harmonic.train.check import Record


def write_report(records: "Sequence[Record]") -> None:
    """Everything on stdout."""
    from harmonic.train.check import BAD, Kind

    findings = [finding for record in records for finding in record.findings]
    for finding in sorted(findings, key=lambda f: not f.bad):
        tell(f"{finding.kind}: {finding.message}")
    console = Console(file=sys.stdout, highlight=False)
    table = Table("", "files", box=box.SIMPLE_HEAD if console.is_terminal else None)
    table.columns[1].justify = "right"
    pixels = sum((record.height or 0) * (record.width or 0) for record in records)
    table.add_row("checked", str(len(records)))
    table.add_row("megapixels", f"{pixels / 1e6:,.1f}")
    table.add_row("good", str(sum(not record.bad for record in records)))
    counts = Counter(finding.kind for finding in findings)
    for kind in get_args(Kind):
        if counts[kind]:
            table.add_row(f"{kind}{'' if kind in BAD else ' (hint)'}", str(counts[kind]))
    console.print(table)
