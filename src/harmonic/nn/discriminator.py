"""The discriminator of the adversarial stage: a U-Net that scores every pixel of a picture's high band.

Training only; no weights file holds it. It judges what cell means do not say, so it cannot move structure.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.ops.band import low_band
from harmonic.ops.pad import pad_to_multiple


@dataclass(frozen=True)
class Judgement:
    """scores: (B, 1, H, W), high for real. maps: of the encoder, finest first, for feature matching."""

    scores: Tensor
    maps: tuple[Tensor, ...]


class UNetDiscriminator(nn.Module):
    """Picture (B, 3, H, W) in units of the picture, any size from 1x1 up -> `Judgement`.

    width: channels at full resolution, doubled at each of three levels (Real-ESRGAN: 64, four times the work).
    cell: side of the cells of the band split, the network's own: 4 at scale 1, else 2·scale. `P x` is taken out first,
    so whatever the low band of a picture is, scores are the same, and no gradient leads to it.
    `forward` changes no state; call `advance` once before each of the discriminator's own steps.
    Source: Real-ESRGAN (Wang et al., ICCVW 2021); high band only, DSGAN (Fritsche et al., ICCVW 2019).
    """

    def __init__(self, width: int = 32, cell: int = 4):
        super().__init__()
        self.cell = cell
        widths = [width << level for level in range(4)]
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.ModuleList(SpectralConv(a, b, 4, stride=2) for a, b in pairwise(widths))
        self.up = nn.ModuleList(SpectralConv(b, a, 3) for b, a in pairwise(reversed(widths)))
        self.body = nn.ModuleList(SpectralConv(width, width, 3) for _ in range(2))
        self.last = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Judgement:
        height, width = x.shape[-2:]
        whole = math.lcm(2 ** len(self.down), self.cell)
        with torch.autocast(x.device.type, enabled=False):
            x = pad_to_multiple(x.float(), whole)
            x = x - low_band(x, self.cell)
        maps = [_act(self.first(x))]
        for conv in self.down:
            maps.append(_act(conv(maps[-1])))
        y = maps[-1]
        for conv, skip in zip(self.up, maps[-2::-1], strict=True):
            y = _act(conv(F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False))) + skip
        for conv in self.body:
            y = _act(conv(y))
        return Judgement(self.last(y)[..., :height, :width], tuple(maps))

    def advance(self) -> None:
        """One step of power iteration in every layer: keeps spectral norms true while weights move."""
        for module in self.modules():
            if isinstance(module, SpectralConv):
                module.advance()


class SpectralConv(nn.Conv2d):
    """A convolution divided by the largest singular value of its kernel as a matrix (outputs, all else). No bias.

    The value is |uᵀW| with u, a buffer, near the first left singular vector; its gradient is that of u held fixed.
    torch's own spectral norm moves u in every training-mode forward pass: in the generator's step too, and never if
    the discriminator is in eval mode for its own. Here u moves in `advance` only, so real and fake pictures meet the
    same weights, and a step can be repeated. Source: Miyato et al., ICLR 2018.
    """

    u: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1):
        super().__init__(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False)
        self.register_buffer("u", F.normalize(torch.randn(outputs), dim=0))
        for _ in range(15):  # as many as torch's: near the truth before the first step
            self.advance()

    def forward(self, input: Tensor) -> Tensor:
        with torch.autocast(input.device.type, enabled=False):
            weight = self.weight / torch.linalg.vector_norm(self.u @ self.weight.flatten(1))
        return self._conv_forward(input, weight, None)

    @torch.no_grad()
    def advance(self) -> None:
        matrix = self.weight.flatten(1)
        self.u.copy_(F.normalize(matrix @ F.normalize(self.u @ matrix, dim=0), dim=0))


def _act(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)
