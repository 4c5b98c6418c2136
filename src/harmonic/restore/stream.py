"""Pictures that are too large to be held: read, restored and written by rows of tiles."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harmonic.images.picture import Metadata, Outline
from harmonic.images.strips import Strips, open_strips, write_strips
from harmonic.restore.engine import Engine, Mix, Progress, Work
from harmonic.restore.rows import RowsIn, RowsOut

MOST_HELD = 256 << 20
"""Bytes of input and result above which a picture is streamed; also the aim for what is then held."""


@dataclass(frozen=True)
class Streamed:
    """outline: of the result, with the notes of reading and writing."""

    outline: Outline
    work: Work


def bytes_held(outline: Outline, scale: int) -> int:
    """Input and result of a picture, were they held whole."""
    return outline.bytes * (1 + scale**2)


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
    Raises as they and `Engine.run` do; ValueError for transparency at scales above 1, which is enlarged whole.
    """
    scale = engine.network.scale
    with ExitStack() as reading:

        def begin() -> Strips:
            reading.close()
            return reading.enter_context(open_strips(source, max_pixels=max_pixels, page=page))

        line = begin().outline
        if line.alpha and scale > 1:
            raise ValueError("transparency is enlarged whole")
        shape, dtype = (line.height, line.width, line.channels), np.dtype(line.dtype)
        alpha = _Alpha()
        size = {"height": scale * line.height, "width": scale * line.width}
        result = replace(line, **size, metadata=disclose(line.metadata))
        with write_strips(target, result, format=format, quality=quality, overwrite=overwrite) as writer:
            if mix.strength == 0 and scale == 1:
                for colour, transparency in begin().read():
                    writer.add(colour, transparency)
                work = Work()
            else:
                context = engine.look(RowsIn(shape, dtype, lambda: (colour for colour, _ in begin().read())))
                rows = RowsIn(shape, dtype, lambda: alpha.colours(begin()))
                shape = (scale * line.height, scale * line.width, line.channels)
                filled = RowsOut(shape, dtype, lambda block: writer.add(block, alpha.take(len(block))))
                work = engine.fill(filled, rows, mix, context, progress, _tallest(line, engine))
        return Streamed(replace(result, notes=(*line.notes, *writer.notes)), work)


class _Alpha:
    """The transparency of rows that were read, until their colours are written."""

    def __init__(self) -> None:
        self._blocks: deque[np.ndarray] = deque()
        self._end = 0

    def colours(self, strips: Strips) -> Iterator[np.ndarray]:
        """Colours of all blocks, from the top; transparency is kept, of each row once."""
        start = 0
        for colour, alpha in strips.read():
            stop = start + len(colour)
            if alpha is not None and stop > self._end:
                self._blocks.append(alpha[max(0, self._end - start) :])
                self._end = stop
            start = stop
            yield colour

    def take(self, rows: int) -> np.ndarray | None:
        """The next rows; None where the picture has no transparency."""
        if not self._blocks:
            return None
        taken: list[np.ndarray] = []
        while rows:
            block = self._blocks.popleft()
            if len(block) > rows:
                self._blocks.appendleft(block[rows:])
                block = block[:rows]
            taken.append(block)
            rows -= len(block)
        return np.concatenate(taken)


def _tallest(line: Outline, engine: Engine) -> int:
    """Rows of a tile's core for which the rows in memory stay near the aim."""
    scale, row = engine.network.scale, line.bytes // line.height
    halos = 2 * engine.network.reach * row
    return max(1, (MOST_HELD - halos) // (row * (1 + scale**2)))
