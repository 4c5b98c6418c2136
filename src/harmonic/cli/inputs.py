"""What stands for INPUT on a command line: names, patterns that no shell has expanded, and a list on stdin."""

import glob
import sys
from collections.abc import Iterable
from pathlib import Path

LIST = Path("-")


def expanded(inputs: Iterable[Path]) -> list[Path]:
    """`-` becomes the names on stdin, a line each; a pattern (`scans/**/*.tif`) the files it fits, sorted.

    A name that exists is that file, whatever characters it has. What fits nothing stays, so that its reading says so.
    """
    found: list[Path] = []
    for given in inputs:
        found += _listed() if given == LIST else _fitting(given)
    return list(dict.fromkeys(found))


def _listed() -> list[Path]:
    return [Path(line) for line in sys.stdin.read().splitlines() if line.strip()]


def _fitting(given: Path) -> list[Path]:
    if given.exists() or not glob.has_magic(str(given)):
        return [given]
    return [Path(name) for name in sorted(glob.glob(str(given), recursive=True))] or [given]
