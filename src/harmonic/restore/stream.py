"""Pictures that are too large to be held: read, restored and written by rows of tiles."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harmonic.errors import PictureError, shown
from harmonic.images.picture import Metadata, Outline
from harmonic.images.strips import Block, Strips, open_strips, write_strips
from harmonic.images.write import refuse_unwritable
from harmonic.restore.engine import Engine, Mix, Progress, Work
from harmonic.restore.rows import RowsIn, RowsOut

MOST_HELD = 256 << 20
"""Bytes of input and result above which a picture is streamed; also the aim for what is then held."""


@dataclass(frozen=True)
class Streamed:
    """outline: of the result, with the notes of reading and writing."""

    outline: Outline
    work: Work


def restore_strips(
    engine: Engine,
    source: Path,
    target: Path,
    mix: Mix,
    disclose: Callable[[Metadata], Metadata],
    *,
    max_pixels: int,
    page: int | None = None,
    format: str | None = None,
    quality: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Streamed:
    """Restore a file into a file, equal to what the whole picture gives; some rows of tiles are held, where both
    formats can be streamed.

    disclose: from the metadata of the source to those of the result. The rest as in `read_picture` and `write_picture`.
    Raises as they and `Engine.run` do; PictureError for transparency, because filling hidden colours needs the whole
    picture; not at strength 0.
    """
    scale = engine.network.scale
    with ExitStack() as reading:

        def begun() -> Strips:
            reading.close()
            return reading.enter_context(open_strips(source, max_pixels=max_pixels, page=page))

        strips, read = begun(), False

        def blocks() -> Iterator[Block]:
            nonlocal strips, read
            if read and strips.streamed:  # rows come once; a picture that is held gives them again
                strips = begun()
            read = True
            return strips.read()

        def rows() -> RowsIn:
            return RowsIn(shape, dtype, lambda: (colour for colour, _ in blocks()))

        line = strips.outline
        copied = mix.strength == 0 and scale == 1
        if line.alpha and not copied:
            raise PictureError(
                f"{shown(source)}: is too large to be restored with its transparency; cut it, or flatten it"
            )
        shape, dtype = (line.height, line.width, line.channels), np.dtype(line.dtype)
        size = {"height": scale * line.height, "width": scale * line.width}
        result = replace(line, **size, metadata=disclose(line.metadata))
        refuse_unwritable(target, format, result.width, result.height, line.alpha, line.dtype)
        with write_strips(target, result, format=format, quality=quality, overwrite=overwrite) as writer:
            if copied:
                for colour, transparency in blocks():
                    writer.add(colour, transparency)
                work = Work()
            else:
                context = engine.look(rows()) if engine.network.context is not None else None
                filled = RowsOut((result.height, result.width, line.channels), dtype, writer.add)
                work = engine.fill(filled, rows(), mix, context, progress, _tallest(line, engine))
        return Streamed(replace(result, notes=(*line.notes, *writer.notes)), work)


def _tallest(line: Outline, engine: Engine) -> int:
    """Rows of a tile's core for which the rows in memory stay near the aim."""
    scale, row = engine.network.scale, line.bytes // line.height
    halos = 2 * engine.network.reach * row
    return max(1, (MOST_HELD - halos) // (row * (1 + scale**2)))
