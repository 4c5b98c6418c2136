"""What a block may know beyond its own map."""

from dataclasses import dataclass

from torch import Tensor

from harmonic.nn.cells import Cells


@dataclass(frozen=True)
class Context:
    """Global tokens (B, T, C) of the whole picture; the same for all of its tiles."""

    tokens: Tensor


@dataclass(frozen=True)
class Guide:
    """Computed once per pass and handed to every block; what a network has no use for is None.

    cells: features averaged over absolute cells of 32 input pixels, for channel attention and style.
    statistics (B, 7, h', w'): what was measured on the cells of the router (`ops.cell_statistics`), for experts.
    context: global tokens of the whole picture.
    """

    cells: Cells | None = None
    statistics: Tensor | None = None
    context: Context | None = None
