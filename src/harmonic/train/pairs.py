"""Pairs of pictures, damaged and clean: matched by name or by a manifest, each pair checked before training sees it.

All bad pairs are named with their reason. Pictures that do not lie exactly over each other teach blur, so the shift
between the two is estimated and told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harmonic.errors import PictureError, UsageError, shown
from harmonic.images.folder import list_pictures
from harmonic.train.pictures import in_order, in_short, read_lines, read_rgb
from harmonic.train.shift import LARGEST, shift_between

Lonely = tuple[Path, str]
"""A file that belongs to no pair, and the line that says so."""

MOST_SHIFT = 0.25
"""Pixels of the input; a larger shift is reported. Heavily damaged inputs can be reported without one (`shift.py`)."""


@dataclass(frozen=True)
class Match:
    """Two files that belong together."""

    name: str
    input: Path
    target: Path


@dataclass(frozen=True, eq=False)
class Pair:
    """lq: (h, w, 3) uint8, gt: (scale h, scale w, 3) uint8. shift: (down, right) of lq against gt in pixels of lq.

    shift is None where there is too little structure to tell.
    """

    name: str
    lq: np.ndarray
    gt: np.ndarray
    shift: tuple[float, float] | None

    @property
    def shifted(self) -> str | None:
        """A line on a shift above MOST_SHIFT, else None."""
        if self.shift is None or np.hypot(*self.shift) <= MOST_SHIFT:
            return None
        down, right = self.shift
        return f"{self.name}: the input lies {down:+.2f} pixels down, {right:+.2f} right of its target; align them"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Good pairs; a line for each bad one; a line for each good one that is shifted."""

    pairs: tuple[Pair, ...]
    bad: tuple[str, ...]
    shifted: tuple[str, ...]


def read_pairs(
    inputs: Path, targets: Path, scale: int, manifest: Path | None = None, *, smallest: int = 1, strict: bool = False
) -> Pairs:
    """Match, decode and check all pairs. smallest: pixels per side of a target, as in `read_training`.

    Raises UsageError when no pair is good, or with `strict` when one is bad, naming the set, the first five and their
    number; for a wrong manifest; and for a folder that is missing or has no pictures.
    """
    try:
        matches, lonely = match_pairs(inputs, targets, scale, manifest)
    except PictureError as error:
        raise UsageError(str(error)) from error
    results = list(in_order(lambda match: read_pair(match, scale, smallest), matches))
    pairs = tuple(result for result in results if isinstance(result, Pair))
    bad = [line for _, line in lonely] + [result for result in results if isinstance(result, str)]
    if bad and (strict or not pairs):
        count = f"{len(bad)} of {len(bad) + len(pairs)}"
        raise UsageError(f"pairs of {shown(inputs)} and {shown(targets)}: {count} are bad: {in_short(bad)}")
    return Pairs(pairs, tuple(bad), tuple(pair.shifted for pair in pairs if pair.shifted))


def match_pairs(
    inputs: Path, targets: Path, scale: int, manifest: Path | None = None
) -> tuple[list[Match], list[Lonely]]:
    """Files that belong together, by name, and those that have no partner or several.

    By name: the path below its folder without the ending; an input may end in `x2` (the scale), as DIV2K's do. By
    manifest: lines `input target`, relative to the folders, parted by a tab, a comma or blanks.
    """
    if manifest is not None:
        return _listed(inputs, targets, manifest)
    bad: list[Lonely] = []
    ours, theirs = (_by_stem(folder, bad) for folder in (inputs, targets))
    matches = []
    for stem, path in ours.items():
        partner = stem if stem in theirs else stem.removesuffix(f"x{scale}")
        if partner in theirs:
            matches.append(Match(stem, path, theirs.pop(partner)))
        else:
            bad.append((path, f"{shown(path)}: has no target of its name in {shown(targets)}"))
    bad += [(path, f"{shown(path)}: has no input of its name in {shown(inputs)}") for path in theirs.values()]
    return matches, bad


def read_pair(match: Match, scale: int, smallest: int = 1) -> Pair | str:
    """Decode and compare one pair -> the pair, or the line that says what is wrong with it."""
    try:
        lq, gt = read_rgb(match.input), read_rgb(match.target)
    except PictureError as error:
        return f"{match.name}: {error}"
    (height, width), (tall, wide) = lq.shape[:2], gt.shape[:2]
    if (tall, wide) != (scale * height, scale * width):
        wanted = f"{scale * width}x{scale * height}"
        return f"{match.name}: target is {wide}x{tall}, but x{scale} of the input {width}x{height} is {wanted}"
    if min(tall, wide) < smallest:
        return f"{match.name}: target is {wide}x{tall}, smaller than a crop of {smallest} pixels"
    return Pair(match.name, lq, gt, _shift(lq, gt, scale))


def _shift(lq: np.ndarray, gt: np.ndarray, scale: int) -> tuple[float, float] | None:
    """Of lq against gt, in pixels of lq. Means of blocks keep the places of both grids."""
    top, left = (max(0, side - LARGEST) // 2 for side in lq.shape[:2])
    small = lq[top : top + LARGEST, left : left + LARGEST].mean(2)
    height, width = small.shape
    large = gt[scale * top : scale * (top + height), scale * left : scale * (left + width)].mean(2)
    return shift_between(large.reshape(height, scale, width, scale).mean((1, 3)), small)


def _by_stem(folder: Path, bad: list[Lonely]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in list_pictures(folder):
        stem = path.relative_to(folder).with_suffix("").as_posix()
        if stem in found:
            reason = f"bears the same name as {shown(found[stem])}; rename one, or use a manifest"
            bad.append((path, f"{shown(path)}: {reason}"))
        else:
            found[stem] = path
    return found


def _listed(inputs: Path, targets: Path, manifest: Path) -> tuple[list[Match], list[Lonely]]:
    matches: list[Match] = []
    bad: list[Lonely] = []
    for line in read_lines(manifest):
        names = _columns(line)
        if len(names) != 2:
            raise UsageError(f"{shown(manifest)}: expected `input target`, got {line!r}")
        match = Match(names[0], inputs / names[0], targets / names[1])
        missing = [shown(path) for path in (match.input, match.target) if not path.is_file()]
        if missing:
            line = f"{match.name}: {' and '.join(missing)} is not there; correct {shown(manifest)}"
            bad.append((match.input, line))
        else:
            matches.append(match)
    return matches, bad


def _columns(line: str) -> Sequence[str]:
    for mark in ("\t", ","):
        if mark in line:
            return [name.strip() for name in line.split(mark)]
    return line.split()
