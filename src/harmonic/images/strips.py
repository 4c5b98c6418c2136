"""Pictures read and written from top to bottom, a few hundred rows in memory: what `read_picture` and `write_picture`
do, for pictures that are larger than memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from harmonic.errors import shown
from harmonic.images.atomic import atomic_stream
from harmonic.images.header import read_header
from harmonic.images.picture import Outline, Picture, joined
from harmonic.images.pixels import upright
from harmonic.images.read import MOST_PIXELS, about_format, only_picture_errors, opened, read_picture, read_whole
from harmonic.images.rows import Rows, open_rows, streams
from harmonic.images.vips import is_installed
from harmonic.images.write import BY_ROWS, existing_refused, form_of, refuse, refuse_existing, storable, write_picture

ROWS = 256
Block = tuple[np.ndarray, np.ndarray | None]
"""Colour (n, W, C) and alpha (n, W) or None, as in `Picture`."""


class Strips:
    """A picture that is read once, from top to bottom. outline: all but its pixels, upright. streamed: False where the
    whole picture had to be decoded at once.
    """

    def __init__(self, outline: Outline, streamed: bool, fetch: Callable[[int, int], Block], name: str):
        self.outline, self.streamed = outline, streamed
        self._fetch, self._name = fetch, name

    def read(self, rows: int = ROWS) -> Iterator[Block]:
        """Blocks of so many rows, the last one of what is left. Raises PictureError where damage begins, so that
        nothing may be called done before the last block has come.
        """
        for start in range(0, self.outline.height, rows):
            with only_picture_errors(self._name):
                block = self._fetch(start, min(start + rows, self.outline.height))
            yield block


@contextmanager
def open_strips(source: Path | str, *, max_pixels: int = MOST_PIXELS, page: int | None = None) -> Iterator[Strips]:
    """The picture of a file in strips; refusals as by `read_picture`, values equal to its.

    Streamed: PNG, baseline JPEG and TIFF of grey or RGB, 8 bit and deeper, not turned by their orientation tag. Decoded
    whole: all else (palettes, interlaced PNG, progressive JPEG, WebP, AVIF, BMP, GIF), and 8 bit without the extra
    `images`.
    """
    path = Path(source)
    with opened(path) as (file, form, name):
        header = read_header(file, form, name, page)
        deep, able = header.dtype != np.uint8, streams(file, form, header)
        rows = open_rows(file, form, header, name, max_pixels) if deep or (able and is_installed()) else None
        notes = tuple(about_format(path, form))
        if rows is not None and able and rows.orientation in (1, 2):
            strips = _streamed(rows, name, notes)
        elif rows is not None and deep:
            whole = read_whole(rows)
            strips = _held(replace(whole, notes=(*notes, *whole.notes)), name)
        else:
            strips = _held(read_picture(path, max_pixels=max_pixels, page=page), name)
    yield strips  # out here: what goes wrong in the caller's block is none of our errors


def _streamed(rows: Rows, name: str, notes: tuple[str, ...]) -> Strips:
    def fetch(start: int, stop: int) -> Block:
        colour, alpha = rows.fetch(start, stop)
        return upright(colour, rows.orientation), None if alpha is None else upright(alpha, rows.orientation)

    return Strips(replace(rows.outline, notes=(*notes, *rows.outline.notes)), True, fetch, name)


def _held(picture: Picture, name: str) -> Strips:
    def fetch(start: int, stop: int) -> Block:
        return picture.colour[start:stop], None if picture.alpha is None else picture.alpha[start:stop]

    return Strips(picture.outline, False, fetch, name)


class StripWriter:
    """Takes a picture from top to bottom. notes: on what the format cannot hold. streamed: False where all rows are
    held until the end."""

    def __init__(self, outline: Outline, streamed: bool, notes: tuple[str, ...], add: Callable[[np.ndarray], object]):
        self.streamed, self.notes, self.missing = streamed, notes, outline.height
        self._outline, self._add = outline, add

    def add(self, colour: np.ndarray, alpha: np.ndarray | None = None) -> None:
        """The next rows, as `Strips.read` gives them. Raises ValueError for what is not of the outline."""
        line = self._outline
        samples = joined(colour, alpha)
        wanted = (line.width, line.channels + line.alpha)
        if samples.shape[1:] != wanted or samples.dtype != line.dtype or not 0 < len(samples) <= self.missing:
            raise ValueError(f"up to {self.missing} rows of {wanted} {line.dtype.__name__}, got {samples.shape}")
        self._add(samples)
        self.missing -= len(samples)


@contextmanager
def write_strips(
    target: Path | str,
    outline: Outline,
    *,
    format: str | None = None,
    quality: int | None = None,
    overwrite: bool = False,
) -> Iterator[StripWriter]:
    """A writer whose rows become the file `target` when the block ends well and all rows came; else nothing changes.

    Streamed: PNG and TIFF (BigTIFF above 4 GB). The encoders of all other formats take whole pictures, so rows are held
    for them. Raises as `write_picture` does, ValueError when rows are missing in the end.
    """
    target = Path(target)
    name, form = shown(target), form_of(Path(target), format)
    refuse(form, outline, name)
    refuse_existing(target, overwrite)
    metadata, notes = storable(outline, form)
    if form.name not in BY_ROWS:
        blocks: list[np.ndarray] = []
        yield (writer := StripWriter(outline, False, notes, blocks.append))
        _refuse_missing(writer)
        samples = np.concatenate(blocks)
        alpha = np.ascontiguousarray(samples[..., -1]) if outline.alpha else None
        picture = Picture(samples[..., : outline.channels], alpha, metadata=outline.metadata)
        write_picture(target, picture, format=format, quality=quality, overwrite=overwrite)
        return
    with existing_refused(target), atomic_stream(target, overwrite) as sink:
        rows = BY_ROWS[form.name](sink.write, replace(outline, metadata=metadata))
        yield (writer := StripWriter(outline, True, notes, rows.add))
        _refuse_missing(writer)
        sink.rewrite_start(rows.finish())


def _refuse_missing(writer: StripWriter) -> None:
    if writer.missing:
        raise ValueError(f"{writer.missing} rows are missing")
