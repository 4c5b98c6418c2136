"""One file into another, in three stages that a batch may overlap: opened, restored, written."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch

from harmonic.errors import PictureError, WeightsError, shown
from harmonic.images.disclosure import disclosed
from harmonic.images.formats import Format, by_name, by_suffix
from harmonic.images.glance import Glance, glance_at
from harmonic.images.picture import Metadata, Picture
from harmonic.images.read import MOST_PIXELS, read_picture
from harmonic.images.write import refuse_existing, refuse_unwritable, write_picture
from harmonic.restore.device import free_memory
from harmonic.restore.dials import Dials, Keywords
from harmonic.restore.engine import Progress, is_out_of_memory
from harmonic.restore.size import size_of_result
from harmonic.restore.stream import MOST_HELD, restore_strips
from harmonic.version import package_version

if TYPE_CHECKING:
    from harmonic.restore.restorer import Restorer


class Reader(Protocol):
    """`read_picture`, or one that does as it does."""

    def __call__(self, path: Path, /, *, max_pixels: int, page: int | None) -> Picture: ...


class FileKeywords(Keywords, total=False):
    """The fields of `Settings`, as keywords."""

    format: str | None
    quality: int | None
    overwrite: bool
    metadata: str
    max_pixels: int
    page: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Settings(Dials):
    """What is asked for a file beside what is dialled.

    format, quality, overwrite: as `write_picture` takes them. max_pixels, page: as `read_picture` does. metadata: keep,
    strip or strip-gps (`images.disclosure`); unless stripped, they name what made the result.
    """

    format: str | None = None
    quality: int | None = None
    overwrite: bool = False
    metadata: str = "keep"
    max_pixels: int = MOST_PIXELS
    page: int | None = None


@dataclass(frozen=True)
class Report:
    """What was done to one file.

    size: width and height of the result. tile: side of the tiles' cores, None = restored as a whole. seconds: of all
    stages. notes: what the user should hear, one phrase each. skipped: share of the experts' work that no place of the
    picture asked for; None without experts.
    """

    source: Path
    target: Path
    size: tuple[int, int]
    tile: int | None
    precision: str
    device: str
    seconds: float
    notes: tuple[str, ...]
    skipped: float | None


@dataclass(frozen=True, eq=False)
class Opened:
    """picture: None = too large to be held: it is read, restored and written in the second stage."""

    source: Path
    target: Path
    settings: Settings
    picture: Picture | None
    seconds: float


@dataclass(frozen=True, eq=False)
class Restored:
    """picture: None = written already."""

    opened: Opened
    picture: Picture | None
    report: Report


def restore_file(
    restorer: "Restorer", source: Path, target: Path, settings: Settings, progress: Progress | None = None
) -> Report:
    """All stages. `target` is complete afterwards or as it was. Raises HarmonicError that names the file."""
    return write_restored(restore_opened(restorer, open_file(restorer, source, target, settings), progress))


def open_file(
    restorer: "Restorer", source: Path, target: Path, settings: Settings, read: Reader = read_picture
) -> Opened:
    """Read, and refuse what cannot be written in the end. Raises HarmonicError that names the file."""
    started = time.monotonic()
    restorer.check(settings)
    refuse_existing(target, settings.overwrite)
    picture, seen = None, glance_at(source, settings.page)
    if not _streamed(restorer, seen, settings):
        _refuse_what_memory_cannot_hold(restorer, source, seen)
        picture = read(source, max_pixels=settings.max_pixels, page=settings.page)
        with _named(source):
            height, width = picture.colour.shape[:2]
            width, height = size_of_result(settings.size, width, height, restorer.scale, restorer.name)
            dtype = picture.colour.dtype.type
            refuse_unwritable(target, settings.format, width, height, picture.alpha is not None, dtype)
    return Opened(source, target, settings, picture, time.monotonic() - started)


def restore_opened(restorer: "Restorer", opened: Opened, progress: Progress | None = None) -> Restored:
    """Raises HarmonicError that names the file."""
    started, settings = time.monotonic(), opened.settings
    form = by_name(settings.format) if settings.format else by_suffix(opened.target)

    def disclose(metadata: Metadata) -> Metadata:
        return disclosed(metadata, settings.metadata, mark_of_making(restorer, settings, form))

    with _named(opened.source):
        if opened.picture is None:
            options = {field: getattr(settings, field) for field in ("max_pixels", "page", *_WRITING)}
            made = restore_strips(restorer.engine, opened.source, opened.target, settings.mix, disclose,
                                  progress=progress, **options)  # fmt: skip
            picture, line, work = None, made.outline, made.work
        else:
            picture, work = restorer.run_picture(opened.picture, settings, progress)
            picture = replace(picture, metadata=disclose(picture.metadata))
            line = picture.outline
    said = (restorer.note,) if restorer.note else ()
    report = Report(
        source=opened.source,
        target=opened.target,
        size=(line.width, line.height),
        tile=work.tile,
        precision=restorer.precision,
        device=str(restorer.device),
        seconds=opened.seconds + time.monotonic() - started,
        notes=(*said, *line.notes, *(work.notes if picture is None else ())),
        skipped=work.skipped,
    )
    return Restored(replace(opened, picture=None), picture, report)  # the input is held no longer


def write_restored(restored: Restored) -> Report:
    """Raises HarmonicError that names the file."""
    if restored.picture is None:
        return restored.report
    started, settings = time.monotonic(), restored.opened.settings
    options = {field: getattr(settings, field) for field in _WRITING}
    lost = write_picture(restored.opened.target, restored.picture, **options)
    report = restored.report
    return replace(report, seconds=report.seconds + time.monotonic() - started, notes=(*report.notes, *lost))


_WRITING = ("format", "quality", "overwrite")


@contextmanager
def _named(source: Path) -> Iterator[None]:
    """What the engine refuses knows no file names; what one picture is too large for, another may not be."""
    try:
        yield
    except (PictureError, WeightsError) as error:
        named = str(error).startswith(shown(source))
        raise error if named else type(error)(f"{shown(source)}: {error}") from error
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        text = "takes more memory than there is; close other programs, or cut or shrink the picture"
        raise PictureError(f"{shown(source)}: {text}") from error


def _streamed(restorer: "Restorer", seen: Glance | None, settings: Settings) -> bool:
    """Whether input and result would take too much, were they held whole, and rows can go their way one by one."""
    if seen is None or seen.bytes * (1 + restorer.scale**2) <= MOST_HELD:
        return False
    whole = settings.ensemble or settings.wrap or settings.mask is not None or settings.size is not None
    return not whole and (seen.opaque or (settings.strength == 0 and restorer.scale == 1))


def _refuse_what_memory_cannot_hold(restorer: "Restorer", source: Path, seen: Glance | None) -> None:
    """Before it is read: systems that promise more memory than they have kill who takes it. Raises PictureError."""
    if seen is None:
        return  # its reading says why
    needed, free = seen.bytes * (1 + restorer.scale**2), free_memory(torch.device("cpu"))
    if needed > free:
        text = f"needs more than {needed / 1e6:,.0f} MB of memory, {free / 1e6:,.0f} MB are free"
        raise PictureError(f"{shown(source)}: {text}; close other programs, or cut or shrink the picture")


def mark_of_making(restorer: "Restorer", dials: Dials, form: Format | None) -> str | None:
    """What a result says of its making; None where there is nothing to say, or no place for it in its format."""
    if dials.strength == 0 or form is None or "exif" not in form.holds:
        return None
    told = f"HARMONIC {package_version()}, {restorer.name}, strength {dials.strength:g}, detail {dials.detail:g}"
    return told + (f", texture {dials.texture:g}, seed {dials.seed}" if dials.texture else "")
