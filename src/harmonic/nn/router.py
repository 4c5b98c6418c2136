"""The router: which experts a cell of the picture needs (seed §4, design §3.7).

No softmax, no noise, no capacity, no ranking of cells: a cell's gates are a continuous function of the cell alone.
Published routers draw random numbers at test, never train, or fail for batches (SeemoRe, MoCE-IR, CAMixerSR, …).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.routing import EXPERTS, Routing
from harmonic.ops.cell_statistics import STATISTICS, standardise

SIDES = (8, 16)
"""Sides of a cell in positions of the finest features; both divide the network's grid at every scale."""


def top_gates(scores: Tensor, selected: int, threshold: float) -> Tensor:
    """`g_i = relu(s_i - max(s_(k+1), τ))`: what an expert's score has beyond the best one left out. (B, E, h, w)

    k = `selected` < E, s_(k+1) the next score in order of size. At most k gates are above 0. Where the ranking flips,
    the gates concerned are 0, so nothing jumps: a change of scores by δ moves gates by at most 2δ. Not renormalised,
    else a gate would be 1 however low its score, and the router would learn nothing at k = 1.
    """
    next_best = scores.topk(selected + 1, dim=1).values[:, selected:]
    return F.relu(scores - next_best.clamp(min=threshold))


class Router(nn.Module):
    """Scores of the experts from a cell's mean features and measured statistics; fp32 under any autocast.

    x (B, C, H, W), H and W multiples of `side`; statistics (B, 7, H/side, W/side) of `ops.cell_statistics` -> Routing.
    `threshold` is the compute budget τ in [0, 1], set on the finished network: 0 leaves the k best experts, 1 none.
    """

    def __init__(self, channels: int, side: int, selected: int, hidden: int = 32):
        super().__init__()
        if side not in SIDES:
            raise ValueError(f"side of a cell must be one of {SIDES}, got {side}")
        if not 0 < selected < len(EXPERTS):
            raise ValueError(f"selected must be 1 to {len(EXPERTS) - 1}, got {selected}")
        self.side, self.selected, self.threshold = side, selected, 0.0
        self.hidden = nn.Conv2d(channels + len(STATISTICS), hidden, 1)
        self.logits = nn.Conv2d(hidden, len(EXPERTS), 1)
        # Random from the start, with logits of the order of 1: equal scores would have no gates, hence no gradient.
        nn.init.normal_(self.hidden.weight, std=(channels + len(STATISTICS)) ** -0.5)
        nn.init.normal_(self.logits.weight, std=2 * hidden**-0.5)

    def forward(self, x: Tensor, statistics: Tensor) -> Routing:
        means = F.avg_pool2d(x, self.side)  # accumulates in fp32
        with torch.autocast(x.device.type, enabled=False):
            evidence = torch.cat([means.float(), standardise(statistics.float())], 1)
            logits = self.logits(F.silu(self.hidden(evidence)))
            return Routing(logits, top_gates(logits.sigmoid(), self.selected, self.threshold))
