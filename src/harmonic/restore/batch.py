"""Many files: one is read and one is written while one is restored; one bad file costs one file, also one that makes
its decoder crash, and work that is done already is not done again.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from harmonic.errors import HarmonicError, PictureError, WeightsError, reason, shown
from harmonic.images.apart import Apart
from harmonic.images.glance import upright_size
from harmonic.images.read import read_picture
from harmonic.images.write import refuse_existing
from harmonic.restore.file import (
    Opened,
    Reader,
    Report,
    Restored,
    Settings,
    open_file,
    restore_opened,
    write_restored,
)
from harmonic.restore.ledger import Ledger, file_digest, result_key
from harmonic.restore.restorer import Restorer
from harmonic.version import package_version


@dataclass(frozen=True)
class Done:
    """Restored and written."""

    source: Path
    target: Path
    report: Report


@dataclass(frozen=True)
class Skipped:
    """The target is this very result already."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Failed:
    """Nothing was written. stage: read, restore or write. reason: one line that names the file."""

    source: Path
    target: Path
    stage: str
    reason: str


_LONGEST_READ = 600.0
"""Seconds after which a decoder counts as hung."""

Outcome = Done | Skipped | Failed
Pair = tuple[Path, Path]


def restore_files(
    restorer: Restorer,
    pairs: Sequence[Pair],
    settings: Settings,
    *,
    ledger: Ledger | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Outcome]:
    """Restore each source to its target and yield what came of it, in order.

    ledger: that of the output folder, to skip what is done and record what is made. progress: called with (pixels
    done, all pixels) over all files, from the sizes in their headers.
    Raises ResourceError and UsageError, which would meet every file, once what is finished has been told; a
    PictureError becomes a `Failed`. Two inputs and two results are held at most.
    """
    apart = Apart(_LONGEST_READ) if len(pairs) > 1 else None
    job = Stages(restorer, settings, ledger, apart.read if apart else read_picture)
    sizes = [_header_pixels(source) for source, _ in pairs] if progress else [0] * len(pairs)
    total, done = sum(sizes), 0
    with ThreadPoolExecutor(1, "read") as reading, ThreadPoolExecutor(1, "write") as writing:
        behind: Future[Outcome] | None = None
        try:
            ahead = reading.submit(job.opened, *pairs[0]) if pairs else None
            for index, size in enumerate(sizes):
                assert ahead is not None
                opened = ahead.result()
                if index + 1 < len(pairs):
                    ahead = reading.submit(job.opened, *pairs[index + 1])

                def advance(here: int, whole: int, before: int = done, size: int = size) -> None:
                    if progress:
                        progress(before + round(size * here / whole), total)

                restored = job.restored(opened, advance)
                if behind is not None:
                    written, behind = behind, None
                    yield written.result()
                behind = writing.submit(job.written, restored)
                done += size
                advance(size, size or 1, done - size)
            if behind is not None:
                written, behind = behind, None
                yield written.result()
        except (HarmonicError, KeyboardInterrupt):
            if behind is not None:
                yield behind.result()
            raise
        finally:
            reading.shutdown(wait=False, cancel_futures=True)
            if apart:
                apart.close()


@dataclass(frozen=True)
class Stages:
    """The stages of a file, each of which may have a thread of its own; each passes on what the next one takes."""

    restorer: Restorer
    settings: Settings
    ledger: Ledger | None
    read: Reader = read_picture

    def opened(self, source: Path, target: Path) -> tuple[Opened | Skipped | Failed, str | None]:
        """Also the key of the result, for the ledger."""
        key, settings = None, self.settings
        if self.ledger:
            key = result_key_of(self.restorer, source, settings)
            if key and self.ledger.holds(target, key):
                return Skipped(source, target), key
            if self.ledger.was_begun(target):  # a run was killed here, so a file of that name is our own
                settings = replace(settings, overwrite=True)
        try:
            return open_file(self.restorer, source, target, settings, self.read), key
        except (PictureError, WeightsError) as error:
            return Failed(source, target, "read", str(error)), key

    def restored(
        self, given: tuple[Opened | Skipped | Failed, str | None], progress: Callable[[int, int], None]
    ) -> tuple[Restored | Skipped | Failed, str | None]:
        opened, key = given
        if not isinstance(opened, Opened):
            return opened, key
        try:
            if self.ledger and opened.picture is None:  # it is written in this stage already
                self.ledger.begin(opened.source, opened.target)
            return restore_opened(self.restorer, opened, progress), key
        except (PictureError, WeightsError) as error:
            return Failed(opened.source, opened.target, "restore", str(error)), key

    def written(self, given: tuple[Restored | Skipped | Failed, str | None]) -> Outcome:
        restored, key = given
        outcome = self._written(restored) if isinstance(restored, Restored) else restored
        if self.ledger:
            try:
                record(self.ledger, outcome, key)
            except OSError as error:
                gone = f"{shown(outcome.target)}: was written, and is not there any more ({reason(error)}); run again"
                outcome = Failed(outcome.source, outcome.target, "write", gone)
                record(self.ledger, outcome, key)
        return outcome

    def _written(self, restored: Restored) -> Done | Failed:
        source, target, settings = restored.opened.source, restored.opened.target, restored.opened.settings
        try:
            if self.ledger and restored.picture is not None:
                refuse_existing(target, settings.overwrite)  # first: what was begun here may be replaced later
                self.ledger.begin(source, target)
            return Done(source, target, write_restored(restored))
        except (PictureError, WeightsError) as error:
            return Failed(source, target, "write", str(error))


def record(ledger: Ledger, outcome: Outcome, key: str | None) -> None:
    """Write into the ledger what came of a file. key: of its result. Raises OSError where the result is gone."""
    if isinstance(outcome, Failed):
        ledger.fail(outcome.source, outcome.target, outcome.stage, outcome.reason)
    if isinstance(outcome, Done) and key:
        report = outcome.report
        details = {"tile": report.tile or "whole", "device": report.device, "seconds": round(report.seconds, 3)}
        ledger.finish(outcome.source, outcome.target, key, details)


def result_key_of(restorer: Restorer, source: Path, settings: Settings) -> str | None:
    """Tile size and device are no part of it, since they change nothing that a user could see."""
    if restorer.digest is None:
        raise ValueError("a ledger needs a Restorer made from a weights file")
    how = {"runtime": restorer.runtime, "precision": restorer.precision, "budget": restorer.budget}
    told = {**how, **asdict(settings)}
    for without in ("overwrite", "max_pixels"):  # these decide whether there is a result, not which
        del told[without]
    told["mask"] = _mask_digest(settings.mask)
    return result_key(source, restorer.digest, told, package_version())


def _mask_digest(mask: "str | Path | np.ndarray | None") -> str | None:
    if isinstance(mask, np.ndarray):
        return hashlib.sha256(f"{mask.shape} {mask.dtype}".encode() + np.ascontiguousarray(mask).tobytes()).hexdigest()
    return None if mask is None else file_digest(Path(mask))


def _header_pixels(source: Path) -> int:
    """Pixels as the header tells them; 0 for what is no picture. Only the progress depends on it."""
    sides = upright_size(source)
    return sides[0] * sides[1] if sides else 0
