"""What stands for INPUT on a command line (names, folders, patterns that no shell has expanded, a list on stdin), and
which result belongs to each picture of it.
"""

import glob
import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harmonic.cli.options import Format
from harmonic.cli.text import say
from harmonic.errors import PictureError

if TYPE_CHECKING:
    from harmonic.restore.batch import Pair

LIST = Path("-")


def expanded(inputs: Iterable[Path]) -> dict[Path, Path | None]:
    """`-` becomes the names on stdin, a line each; a pattern (`scans/**/*.tif`) the files it fits, sorted.

    Each with the folder below which a tree of results keeps its place: that of a pattern is what stands before its
    first sign (`scans`); None for what was named itself. A name that exists is that file, whatever characters it has.
    What fits nothing stays, so that its reading says so.
    """
    found: dict[Path, Path | None] = {}
    for given in inputs:
        for path, root in (dict.fromkeys(_listed()) if given == LIST else _fitting(given)).items():
            found.setdefault(path, root)
    return found


def _listed() -> list[Path]:
    """Bytes, since a name may be none in the encoding of the terminal."""
    lines = sys.stdin.buffer.read().split(b"\n")
    return [Path(os.fsdecode(line.rstrip(b"\r"))) for line in lines if line.strip()]


def _fitting(given: Path) -> dict[Path, Path | None]:
    if given.exists() or not glob.has_magic(str(given)):
        return {given: None}
    root = Path(*itertools.takewhile(lambda part: not glob.has_magic(part), given.parts))
    names = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207 - may be absolute
    return {Path(name): root for name in names} or {given: None}


def watched(folder: Path, output: Path | None, format: Format, apart: list[Path]) -> Iterator[list["Pair"]]:
    """Batches of pairs as they come into the folder, for ever."""
    from harmonic.images.folder import NoPictures, pair_outputs
    from harmonic.restore.watch import ripe_pictures, states

    inside = [other for other in apart if _lies_below(other, folder)]  # what is made is no new picture

    def look() -> dict[Path, tuple[int, int]]:
        found = states(folder)
        return {path: state for path, state in found.items() if not any(_lies_below(path, other) for other in inside)}

    for ripe in ripe_pictures(look):
        try:
            pairs = pair_outputs({folder: None}, output, format)
        except NoPictures:  # taken away since that look
            continue
        if batch := [pair for pair in pairs if pair[0] in ripe]:
            yield batch


def paired(
    inputs: Mapping[Path, Path | None], output: Path | None, format: Format, apart: list[Path]
) -> tuple[list["Pair"], int]:
    """All (source, target) pairs, and the number of inputs that stand for no picture, which are reported.

    inputs: as `expanded` gives them. Results of an earlier run beside their sources are left out, and told.
    """
    from harmonic.images.folder import list_pictures, pair_outputs, without_results

    good, failures = [], 0
    for given in (named := without_results(inputs)):
        try:
            list_pictures(given)
            good.append(given)
        except PictureError as error:
            say(f"error: {error}")
            failures += 1
    if results := len(inputs) - len(named):
        say(f"left out {results} of the names given: results of an earlier run, beside the pictures they were made of")
    pairs = pair_outputs({given: inputs[given] for given in good}, output, format)
    for folder in apart:
        if any(_lies_below(folder, given) for given in good):
            # Results of an earlier run inside the input folder are not new inputs.
            pairs = [(source, target) for source, target in pairs if not _lies_below(source, folder)]
    return pairs, failures


def _lies_below(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def folder_of_results(inputs: list[Path], output: Path | None, pairs: list["Pair"]) -> Path | None:
    """The folder that gets a ledger: that of -o, or one input folder whose results go beside the sources."""
    if output is not None:
        return None if any(target == output for _, target in pairs) else output
    return inputs[0] if len(inputs) == 1 and inputs[0].is_dir() else None
