"""The generative texture head (seed §9, design §3.10): the last part of the HF branch, optional.

It returns t and a gate g; the network takes `T = (I - P)(g·t)` in all three colours, so cell means cannot move, and
hands T out apart.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.modulated import ModulatedConv
from harmonic.ops.blend import blend_cells
from harmonic.ops.local_quality import quality_features
from harmonic.ops.shuffle import shuffle


class TextureHead(nn.Module):
    """Fine texture from features and noise, at full resolution.

    h0 (B, C, H/f, W/f), q (B, Q, H, W), cells (B, S, h, w) and quality (B, 2, h, w) on the same cells, noise
    (B, layers, H, W) standard normal -> t (B, 1, H, W) for R, G and B alike, before gate and projection.
    Fine texture of photographs hardly has a colour of its own; what is invented there shows as coloured speckle.
    The style, features of a cell and its measured quality, says which texture; the noise makes it one of many. The last
    convolution starts at zero and has no bias (the projection would kill it). `reach` is in output pixels, of q and h0;
    cells are blended from the two nearest per axis.
    """

    def __init__(self, inputs: int, high_pass: int, cells: int, channels: int, factor: int, layers: int = 2):
        super().__init__()
        self.factor, self.layers = factor, layers
        self.reach = layers + 2
        self.lift = nn.Conv2d(inputs, channels * factor * factor, 1)
        self.local = nn.Conv2d(high_pass, channels, 3, padding=1)
        self.body = nn.ModuleList(ModulatedConv(channels, channels, cells + 2) for _ in range(layers))
        self.out = nn.Conv2d(channels, 1, 3, padding=1, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, h0: Tensor, q: Tensor, cells: Tensor, quality: Tensor, noise: Tensor) -> Tensor:
        style = torch.cat([cells.float(), quality_features(quality)], 1)
        t = F.leaky_relu(shuffle(self.lift(h0), self.factor) + self.local(q), 0.2)
        for layer, plane in zip(self.body, noise.split(1, 1), strict=True):
            t = layer(t, style, plane)
        return self.out(t)


class TextureGate(nn.Module):
    """Where texture may be generated: where noise has destroyed it, or where the picture is sharp.

    quality (B, 2, h, w) of the input (`local_quality`), size (H, W) -> g (B, 1, H, W) in [0, 1], fp32.
    Slopes are positive whatever the training does: more noise or more sharpness never closes the gate, and what is
    smooth without noise (defocus, sky) keeps it nearly shut. Where else texture is out of place, t can say so itself.
    """

    def __init__(self):
        super().__init__()
        slopes = torch.tensor([1.0, 2.0])  # of noise, of sharpness
        self.slopes = nn.Parameter(slopes.expm1().log())  # softplus gives the above
        self.threshold = nn.Parameter(torch.tensor(5.0))

    def forward(self, quality: Tensor, size: tuple[int, int]) -> Tensor:
        slopes = F.softplus(self.slopes.float())[:, None, None]
        openness = (slopes * quality_features(quality)).sum(1, keepdim=True) - self.threshold.float()
        return blend_cells(openness, size).sigmoid()
