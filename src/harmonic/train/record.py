"""What a run leaves for people: `log.jsonl`, curves, pictures, and TensorBoard's files where it is installed."""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from harmonic.errors import ResourceError, reason, shown
from harmonic.images.atomic import atomic_write
from harmonic.train.state import Progress

Report = Callable[[dict[str, float]], None]
"""Called with the figures of a row: step, progress, losses, seconds left; or validation figures."""


class Record:
    """The record of a run in its folder, for a `with` block. progress: where it begins or goes on.

    writes: only the first process of a distributed run writes; in the others every method does nothing.
    """

    def __init__(self, out: Path, progress: Progress, report: Report | None, writes: bool = True):
        self._out, self._log, self._report, self._writes = out, out / "log.jsonl", report, writes
        self.back_to(progress)
        self._board = _board(out, progress.step) if writes else None

    def back_to(self, progress: Progress) -> None:
        """Take rows that `progress` does not know out of the log: of a run that was killed, or that returns."""
        if self._writes and self._log.exists():
            rows = [row for row in self._log.read_text().splitlines() if _known(row, progress)]
            atomic_write(self._log, "".join(f"{row}\n" for row in rows).encode())

    def row(self, figures: dict[str, float]) -> None:
        """One line of the log; TensorBoard and the caller get it as well. Raises ResourceError."""
        if not self._writes:
            return
        try:
            with self._log.open("a") as log:
                log.write(json.dumps(figures) + "\n")
        except OSError as error:
            raise ResourceError(f"{shown(self._log)}: cannot be written ({reason(error)}); make room") from error
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, int(figures["step"]))
        if self._report:
            self._report(figures)

    def pictures(self, step: int, rows: Sequence[Sequence[np.ndarray]]) -> None:
        """One PNG, each row side by side: input, restored, clean; (H, W, 3) uint8 each, of equal size in a row."""
        width = max(sum(picture.shape[1] for picture in row) for row in rows)
        lines = [np.concatenate(row, 1) for row in rows]
        sheet = np.concatenate([np.pad(a, ((0, 0), (0, width - a.shape[1]), (0, 0))) for a in lines])
        atomic_write(self._out / "pictures" / f"step-{step:08d}.png", _png(sheet))
        if self._board is not None:
            self._board.add_image("input, restored, clean", sheet, step, dataformats="HWC")

    def curves(self) -> None:
        """`curves.png`: losses and validation figures over the steps; where matplotlib is installed."""
        try:
            from harmonic.train.curves import draw_curves
        except ModuleNotFoundError:
            return
        if not self._log.exists():
            return
        rows = [json.loads(row) for row in self._log.read_text().splitlines()]
        atomic_write(self._out / "curves.png", draw_curves(rows))

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, *_: object) -> None:
        if self._board is not None:
            self._board.close()


def _board(out: Path, step: int):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError:
        return None
    return SummaryWriter(str(out / "tensorboard"), purge_step=step + 1)


def _known(row: str, progress: Progress) -> bool:
    """Whether a line of the log belongs to this progress; a line that a kill has cut does not, nor a validation that
    comes again."""
    try:
        figures = json.loads(row)
        again = "mean" in figures and progress.judged != progress.step
        return figures["step"] < progress.step + (not again)
    except (ValueError, KeyError, TypeError):
        return False


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
