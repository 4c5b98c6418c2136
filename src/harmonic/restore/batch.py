"""Many files, one after the other: one bad file costs one file, and work that is done already is not done again."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from PIL import Image

from harmonic.errors import PictureError, WeightsError
from harmonic.restore.ledger import Ledger, file_digest, result_key
from harmonic.restore.restorer import Report, Restorer, refuse_existing
from harmonic.restore.size import Size
from harmonic.version import package_version


@dataclass(frozen=True)
class Settings:
    """What is asked of every file of a batch; the meaning of each is that of `Restorer.restore_file`."""

    strength: float = 1.0
    detail: float = 1.0
    texture: float = 0.0
    seed: int = 0
    ensemble: bool = False
    wrap: bool = False
    mask: Path | None = None
    size: Size | None = None
    metadata: str = "keep"
    format: str | None = None
    quality: int | None = None
    overwrite: bool = False


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
    """Nothing was written. reason: one line that names the file."""

    source: Path
    target: Path
    reason: str


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
    Raises ResourceError and UsageError, which would meet every file; a PictureError becomes a `Failed`.
    """
    sizes = [_header_pixels(source) for source, _ in pairs] if progress else [0] * len(pairs)
    total, done = sum(sizes), 0
    for (source, target), size in zip(pairs, sizes, strict=True):

        def advance(here: int, whole: int, before: int = done, size: int = size) -> None:
            if progress:
                progress(before + round(size * here / whole), total)

        key = _key(restorer, source, settings) if ledger else None
        if ledger and key and ledger.holds(target, key):
            yield Skipped(source, target)
        else:
            yield _restore_one(restorer, source, target, settings, ledger, key, advance)
        done += size
        advance(size, size or 1, done - size)


def _restore_one(
    restorer: Restorer,
    source: Path,
    target: Path,
    settings: Settings,
    ledger: Ledger | None,
    key: str | None,
    progress: Callable[[int, int], None],
) -> Outcome:
    if ledger and ledger.was_begun(target):  # a run was killed here, so a file of that name is our own
        settings = replace(settings, overwrite=True)
    try:
        if ledger:
            refuse_existing(target, settings.overwrite)  # first: what was begun here may be replaced later
            ledger.begin(source, target)
        report = restorer.restore_file(source, target, progress=progress, **vars(settings))
    except (PictureError, WeightsError) as error:  # weights that do not reach the size of this one
        if ledger:
            ledger.fail(source, target, str(error))
        return Failed(source, target, str(error))
    if ledger and key:
        details = {"tile": report.tile or "whole", "device": report.device, "seconds": round(report.seconds, 3)}
        ledger.finish(source, target, key, details)
    return Done(source, target, report)


def _key(restorer: Restorer, source: Path, settings: Settings) -> str | None:
    """Tile size and device are no part of it, since they change nothing that a user could see."""
    if restorer.digest is None:
        raise ValueError("a ledger needs a Restorer made from a weights file")
    told = {"precision": restorer.precision, "budget": restorer.budget, **asdict(settings)}
    del told["overwrite"]  # decides whether there is a result, not which
    told["mask"] = None if settings.mask is None else file_digest(settings.mask)
    return result_key(source, restorer.digest, told, package_version())


def _header_pixels(source: Path) -> int:
    """Pixels as the header tells them; 0 for what is no picture. Only the progress depends on it."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source) as image:
            return image.width * image.height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0
