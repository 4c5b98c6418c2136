"""PromptIR as a peer, written from the paper: Potlapalli et al., NeurIPS 2023 (arXiv:2306.13090).

Restormer, and before each enlargement of its decoder a prompt: a mixture of learnt maps, weighted by the mean feature.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.measure.peers.restormer import Restormer, TransformerBlock


class Prompt(nn.Module):
    """Features joined with a prompt that is chosen by them. (B, C, H, W) -> same shape.

    count: maps to mix. channels, side: of each map, which is stretched over the features, as published.
    """

    def __init__(self, features: int, heads: int, ratio: float, channels: int, side: int, count: int = 5):
        super().__init__()
        self.maps = nn.Parameter(torch.rand(count, channels, side, side))
        self.choose = nn.Linear(features, count)
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.join = TransformerBlock(features + channels, heads, ratio)
        self.reduce = nn.Conv2d(features + channels, features, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.choose(x.mean((2, 3))).float().softmax(1)
        prompt = torch.einsum("bn,nchw->bchw", weights, self.maps.float())
        prompt = F.interpolate(prompt, x.shape[-2:], mode="bilinear", align_corners=False).to(x.dtype)
        return self.reduce(self.join(torch.cat([x, self.smooth(prompt)], 1)))


class PromptIR(Restormer):
    """x (B, 3, H, W) -> same shape, fp32. Prompts have the width of the stage that they lead to."""

    def __init__(
        self,
        channels: int = 48,
        blocks: tuple[int, int, int, int] = (4, 6, 6, 8),
        refinement: int = 4,
        heads: tuple[int, int, int, int] = (1, 2, 4, 8),
        ratio: float = 2.66,
        shrink: int = 1,
        side: int = 16,
    ):
        super().__init__(channels, blocks, refinement, heads, ratio, shrink)
        # From the finest up: below level 0 lie features of twice the width, and so on.
        self.prompts = nn.ModuleList(
            Prompt(channels * 2 ** (level + 1), heads[level + 1], ratio, channels * 2**level, side * 2 ** (2 - level))
            for level in range(3)
        )

    def enriched(self, y: Tensor, level: int) -> Tensor:
        return self.prompts[level](y)
