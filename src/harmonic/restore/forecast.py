"""What a batch would do, told beforehand: which files, of which size, in what time, and whether there is room."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harmonic.errors import PictureError, ResourceError, WeightsError, shown
from harmonic.images.glance import glance_at, upright_size
from harmonic.images.picture import Outline
from harmonic.images.write import form_of, free_space, reckoned_bytes
from harmonic.restore.batch import Pair, result_key_of
from harmonic.restore.file import Settings
from harmonic.restore.ledger import Ledger
from harmonic.restore.restorer import Restorer
from harmonic.restore.size import size_of_result

_SIDE, _ROUNDS = 512, 2


@dataclass(frozen=True)
class Forecast:
    """status: restore; done (it is this very result already); exists (would be refused); unreadable (by its header, of
    a size that is not reached, or of more pixels than are allowed). size: of the result. seconds: predicted, 0 where
    nothing would be done.
    """

    source: Path
    target: Path
    status: str
    size: tuple[int, int] | None
    seconds: float


def forecast(
    restorer: Restorer, pairs: Sequence[Pair], settings: Settings, ledger: Ledger | None = None
) -> Iterator[Forecast]:
    """For each pair, in order; nothing is written. The speed is that of the restorer now, on pictures of 512²."""
    pace = seconds_per_pixel(restorer) * (8 if settings.ensemble else 1)
    for source, target in pairs:
        sides = upright_size(source, settings.page)
        status, size = "unreadable", None
        if sides is not None and sides[0] * sides[1] <= settings.max_pixels:
            try:
                size = size_of_result(settings.size, *sides, restorer.scale, restorer.name)
                status = _status(restorer, source, target, settings, ledger)
            except (PictureError, WeightsError):
                pass
        seconds = pace * sides[0] * sides[1] if sides and status == "restore" else 0.0
        yield Forecast(source, target, status, size, seconds)


def refuse_without_room(restorer: Restorer, pairs: Sequence[Pair], settings: Settings) -> None:
    """Raises ResourceError where the results that are not there yet cannot fit on the disk, before any is made.

    Half of what is reckoned for each counts, since PNG of photographs often take no more; each file is looked at again
    in its turn.
    """
    needed = 0
    for source, target in pairs:
        seen = None if target.exists() else glance_at(source, settings.page)
        if seen is None:
            continue
        try:
            width, height = size_of_result(settings.size, seen.width, seen.height, restorer.scale, restorer.name)
            form = form_of(target, settings.format)
        except (PictureError, WeightsError):
            continue
        dtype = {1: np.uint8, 2: np.uint16, 4: np.float32}[seen.sample_bytes]
        needed += reckoned_bytes(Outline(height, width, seen.channels, not seen.opaque, dtype), form) // 2
    if pairs and needed > (free := free_space(pairs[0][1])):
        told = f"{len(pairs)} results need about {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free"
        raise ResourceError(f"{shown(pairs[0][1].parent)}: {told}; free some space, or name another folder with -o")


def seconds_per_pixel(restorer: Restorer) -> float:
    """Of input, measured: the better of two runs after one that warms up."""
    pixels = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    restorer.restore(pixels)
    times = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        restorer.restore(pixels)
        times.append(time.perf_counter() - started)
    return min(times) / pixels[..., 0].size


def _status(restorer: Restorer, source: Path, target: Path, settings: Settings, ledger: Ledger | None) -> str:
    if ledger:
        key = result_key_of(restorer, source, settings)
        if key and ledger.holds(target, key):
            return "done"
        if ledger.was_begun(target):
            return "restore"
    return "exists" if target.exists() and not settings.overwrite else "restore"
