"""The generative texture head (seed §9, design §3.10): the last part of the HF branch, optional.

It returns t and a gate g; the network takes `T = (I - P)(g·t)` in all three colours, so cell means cannot move, and
hands T out apart.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.modulated import ModulatedConv
from harmonic.ops.blend import blend_cells
from harmonic.ops.local_quality import quality_features


class TextureHead(nn.Module):
    """Fine texture from features and noise, at full resolution.

    h0 (B, C, H/f, W/f), q (B, Q, H, W), `Cells` of (B, S, h, w), quality (B, 2, h, w) of the same cells, noise
    (B, layers, H, W) standard normal -> t (B, 1, H, W) for R, G and B alike, before gate and projection.
    Fine texture of photographs hardly has a colour of its own; what is invented there shows as coloured speckle.
    The style, features of a cell and its measured quality, says which texture; the noise makes it one of many; a
    factor of 0 to 1 from h0 says where, since a sky under strong noise measures like a meadow, and only the features
    know that nothing is missing there (docs/decisions/0010). What comes from h0 is blended between its positions: one
    value for each pixel of a position prints a weave on what is flat. The last convolution starts at zero and has no
    bias (the projection would kill it). `reach` is in output pixels, of q and h0; cells are blended likewise.
    """

    def __init__(self, inputs: int, high_pass: int, cells: int, channels: int, factor: int, layers: int = 2):
        super().__init__()
        self.layers = layers
        self.reach = layers + 1 + max(1, 3 * factor // 2 - 1)
        self.lift = nn.Conv2d(inputs, channels, 1)
        self.local = nn.Conv2d(high_pass, channels, 3, padding=1)
        self.body = nn.ModuleList(ModulatedConv(channels, channels, cells + 2) for _ in range(layers))
        self.place = nn.Conv2d(inputs, 1, 1)
        self.out = nn.Conv2d(channels, 1, 3, padding=1, bias=False)
        for weight in (self.place.weight, self.place.bias, self.out.weight):
            nn.init.zeros_(weight)  # type: ignore[arg-type]

    def forward(self, h0: Tensor, q: Tensor, cells: Cells, quality: Cells, noise: Tensor) -> Tensor:
        style = cells.of(torch.cat([cells.values.float(), quality_features(quality.values)], 1))
        t = F.leaky_relu(blend_cells(self.lift(h0), q.shape[-2:]) + self.local(q), 0.2)
        for layer, plane in zip(self.body, noise.split(1, 1), strict=True):
            t = layer(t, style, plane)
        return self.out(t) * blend_cells(self.place(h0), q.shape[-2:]).sigmoid()


def border_ramp(height: int, width: int, reach: int, like: Tensor) -> Tensor:
    """0 at the border of a map to 1 at `reach` positions from it. -> (height, width)

    So far the zeros that convolutions pad by are seen, and a trained head draws a line where it sees them.
    """
    lines = []
    for length in (height, width):
        place = torch.arange(length, device=like.device, dtype=like.dtype)
        lines.append((torch.minimum(place, length - 1 - place) / reach).clamp(max=1))
    return lines[0][:, None] * lines[1]


class TextureGate(nn.Module):
    """Where texture may be generated: where noise has destroyed it, or where the picture is sharp.

    quality (B, 2, h, w) of the input (`local_quality`), size (H, W) -> g (B, 1, H, W) in [0, 1], fp32.
    Slopes are positive whatever the training does: more noise or more sharpness never closes the gate, and what is
    smooth without noise (defocus, sky) keeps it nearly shut. What lies below the noise, the head has to tell apart.
    """

    def __init__(self):
        super().__init__()
        slopes = torch.tensor([1.0, 2.0])  # of noise, of sharpness
        self.slopes = nn.Parameter(slopes.expm1().log())  # softplus gives the above
        self.threshold = nn.Parameter(torch.tensor(5.0))

    def forward(self, quality: Cells, size: tuple[int, int]) -> Tensor:
        slopes = F.softplus(self.slopes.float())[:, None, None]
        openness = (slopes * quality_features(quality.values)).sum(1, keepdim=True) - self.threshold.float()
        return quality.blend(openness, size).sigmoid()
