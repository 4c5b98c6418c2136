"""`Routing`: what a router decided about every cell. A value, so that losses and reports need not know the router."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from harmonic.ops.blend import blend_cells

EXPERTS = ("denoise", "deblur", "decompress", "texture")
"""The four experts, in the order of the channels of logits and gates. Training labels give, in that order, the strength
of noise, blur, compression and lost texture."""


@dataclass(frozen=True)
class Routing:
    """One block's decisions, fp32, for the E experts in each of h x w cells.

    logits (B, E, h, w): before the sigmoid.
    gates (B, E, h, w): weights of the experts' outputs, 0 to 1, at most k of E above 0.
    """

    logits: Tensor
    gates: Tensor

    @property
    def scores(self) -> Tensor:
        """How much an expert is wanted, each by itself, 0 to 1. (B, E, h, w)"""
        return self.logits.sigmoid()

    @property
    def usage(self) -> Tensor:
        """Share of cells in which an expert has a gate above 0. (E,)"""
        return (self.gates > 0).float().mean((0, 2, 3))

    @property
    def active(self) -> Tensor:
        """Cells in which an expert's output counts: its own gate or a neighbour's is above 0. (B, E, h, w), bool

        Gate maps are blended across borders, so that a gate reaches half of each neighbour.
        """
        return ~(F.max_pool2d(self.gates, 3, 1, 1) <= 0)  # not-a-number counts, so that it is seen

    def gate_maps(self, side: int) -> Tensor:
        """Gates at every position, blended linearly between cell centres. -> (B, E, side·h, side·w)"""
        h, w = self.gates.shape[-2:]
        return blend_cells(self.gates, (side * h, side * w))
