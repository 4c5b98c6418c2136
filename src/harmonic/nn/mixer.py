"""What a canonical block mixes positions with."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.pointwise import PointwiseConv
from harmonic.nn.projection import Projection


class Mixer(nn.Module):
    """forward(x normalised (B, C, H, W), `Cells` of (B, C0, h, w) or None) -> (B, C, H, W), ending in a small scale.

    reach: how far an output position sees, in positions of its own grid, per axis. Cells of channel attention are not
    counted: the network counts them once.
    grid: a tile that starts on a multiple of this many positions gives the numbers of the whole map.
    entries: names of the 1x1 convolutions with biases that x goes into, where it goes nowhere else.
    """

    reach: int
    grid: int
    entries: tuple[str, ...] = ()

    def onto(self, base: Tensor, x: Tensor, cells: Cells | None) -> Tensor:
        """base + forward(x, cells), the residual."""
        return base + self(x, cells)


class ProjectedMixer(Mixer, ABC):
    """One whose last step is a projection, which can add the residual by itself."""

    project: Projection | PointwiseConv

    @abstractmethod
    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        """All but the projection."""

    def forward(self, x: Tensor, cells: Cells | None) -> Tensor:
        return self.project(self.inner(x, cells))

    def onto(self, base: Tensor, x: Tensor, cells: Cells | None) -> Tensor:
        return self.project.onto(base, self.inner(x, cells))
