"""What is wrong with training pictures, said before a run: every file is decoded and looked at.

A finding is bad when training leaves the picture out, learns nothing from it, or measures itself on it; else a hint.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harmonic.errors import shown
from harmonic.restore.ledger import file_digest
from harmonic.train.alike import alike, fingerprint
from harmonic.train.pairs import Pair, match_pairs, read_pair
from harmonic.train.pictures import Decoded, decoded_or_reason, in_order

Kind = Literal[
    "unusable", "blank", "duplicate", "leak", "pair", "near duplicate", "near leak", "deep", "JPEG blocks", "shifted"
]
BAD: tuple[Kind, ...] = ("unusable", "blank", "duplicate", "leak", "pair")

Progress = Callable[[int, int], None]

BLANK = 2.0
"""Standard deviation of grey values, 0 to 255, below which a picture shows next to nothing."""

BLOCKS = 1.6
"""Jump at the borders of 8 x 8 blocks over that inside them. Measured: 0 of 93 clean pictures and synthetic ones reach
it, 93 % of photographs in JPEG quality 10 do, half of those in quality 30."""


@dataclass(frozen=True)
class Finding:
    """One remark on a file, a line that names it."""

    kind: Kind
    message: str

    @property
    def bad(self) -> bool:
        return self.kind in BAD


@dataclass(frozen=True)
class Record:
    """What is known of a file. sha256: of its bytes; it and the sides are None where they cannot be told."""

    path: Path
    sha256: str | None
    height: int | None
    width: int | None
    findings: tuple[Finding, ...] = ()

    @property
    def bad(self) -> bool:
        return any(finding.bad for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """A line of the manifest."""
        findings = [{"kind": f.kind, "bad": f.bad, "message": f.message} for f in self.findings]
        sides = {"height": self.height, "width": self.width}
        return {"file": str(self.path), "sha256": self.sha256, **sides, "bad": self.bad, "findings": findings}


@dataclass(frozen=True, eq=False)
class _Look:
    """A record, and by what its pixels are known again; None when there are none."""

    record: Record
    digest: str | None = None
    print: np.ndarray | None = None


def check_pictures(
    files: Sequence[Path], held_out: Sequence[Path] = (), smallest: int = 1, progress: Progress | None = None
) -> list[Record]:
    """A record of each file, in order. held_out: pictures that must not be among them, as validation needs.

    Memory holds a few pictures at a time, and a fingerprint of each.
    """
    looks: list[_Look] = []
    for look in in_order(lambda path: _look(path, smallest), [*files, *held_out]):
        looks.append(look)
        if progress:
            progress(len(looks), len(files) + len(held_out))
    ours, theirs = looks[: len(files)], looks[len(files) :]
    found = [list(look.record.findings) for look in ours]
    for index, other in _same(theirs, ours, "leak", "near leak"):
        found[index].append(other)
    for index, other in _same(ours, None, "duplicate", "near duplicate"):
        found[index].append(other)
    return [replace(look.record, findings=tuple(f)) for look, f in zip(ours, found, strict=True)]


def check_pairs(
    inputs: Path, targets: Path, scale: int, manifest: Path | None = None, progress: Progress | None = None
) -> list[Record]:
    """A record of each pair, under the name of its input: no partner, sides that do not fit, shifts.

    Raises as `match_pairs` does.
    """
    matches, lonely = match_pairs(inputs, targets, scale, manifest)
    records = [Record(path, None, None, None, (Finding("pair", line),)) for path, line in lonely]
    for match, pair in zip(matches, in_order(lambda m: read_pair(m, scale), matches), strict=True):
        if not isinstance(pair, Pair):
            records.append(Record(match.input, None, None, None, (Finding("pair", pair),)))
        else:
            findings = (Finding("shifted", pair.shifted),) if pair.shifted else ()
            height, width = pair.lq.shape[:2]
            records.append(Record(match.input, file_digest(match.input), height, width, findings))
        if progress:
            progress(len(records), len(matches) + len(lonely))
    return records


def block_jump(pixels: np.ndarray) -> float:
    """Mean jump between pixels at the most conspicuous of 8 positions over the median of all, the lesser of both axes.

    (H, W, 3) uint8. A jump is what the slopes on both sides do not explain. About 1 for pictures without blocks.
    """
    grey = pixels[:1024, :1024].mean(2, dtype=np.float32)
    ratios = []
    for plane in (grey, grey.T):
        slope = np.diff(plane, axis=1)
        jump = np.minimum(np.abs(slope[:, 1:-1] - (slope[:, :-2] + slope[:, 2:]) / 2), 8)  # edges say little
        columns = jump.shape[1] // 8 * 8
        if columns < 32:
            return 1.0
        mean = jump[:, :columns].mean(0).reshape(-1, 8).mean(0)
        ratios.append(float(mean.max() / max(np.median(mean), 0.05)))
    return min(ratios)


def _look(path: Path, smallest: int) -> _Look:
    decoded = decoded_or_reason(path, smallest)
    try:
        sha256 = file_digest(path)
    except OSError:
        sha256 = None
    if not isinstance(decoded, Decoded):
        return _Look(Record(path, sha256, None, None, (Finding("unusable", decoded),)))
    pixels, findings, name = decoded.pixels, [], shown(path)
    if decoded.deep:
        findings.append(Finding("deep", f"{name}: has more than 8 bit per channel; training rounds it to 8 bit"))
    if blank := float(pixels.mean(2, dtype=np.float32).std()) < BLANK:
        findings.append(Finding("blank", f"{name}: shows next to nothing; take it out"))
    if not blank and block_jump(pixels) > BLOCKS:
        findings.append(
            Finding("JPEG blocks", f"{name}: shows blocks of strong compression; training would teach them")
        )
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.data).hexdigest()
    height, width = pixels.shape[:2]
    record = Record(path, sha256, height, width, tuple(findings))
    return _Look(record, digest, None if blank else fingerprint(pixels))


def _same(
    known: Sequence[_Look], asked: Sequence[_Look] | None, exact: Kind, near: Kind
) -> Iterator[tuple[int, Finding]]:
    """(number in `asked`, finding) for each picture that has the pixels, or the look, of a known one.

    asked None: the known ones among themselves, and the later of two is found. One finding for each picture.
    """
    among = asked is None
    asked = known if asked is None else asked
    first: dict[str, int] = {}
    for number, look in enumerate(known):
        if look.digest:
            first.setdefault(look.digest, number)
    taken: set[int] = set()
    for number, look in enumerate(asked):
        other = first.get(look.digest or "")
        if other is not None and not (among and other == number):
            taken.add(number)
            yield number, Finding(exact, f"{shown(look.record.path)}: same pixels as {shown(known[other].record.path)}")
    ours = [(number, look.print) for number, look in enumerate(asked) if look.print is not None]
    theirs = [(number, look.print) for number, look in enumerate(known) if look.print is not None]
    for i, j in alike([bits for _, bits in ours], [bits for _, bits in theirs]):
        number, other = ours[i][0], theirs[j][0]
        if number not in taken and not (among and other >= number):
            taken.add(number)
            name, like = (shown(looks[n].record.path) for looks, n in ((asked, number), (known, other)))
            yield number, Finding(near, f"{name}: looks like {like}")
