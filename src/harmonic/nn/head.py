"""The way back to pixels: tail and output head with the band law (design §2, §3.9; docs/decisions/0006)."""

from typing import Literal

import torch
from torch import Tensor, nn

from harmonic.ops.band import cell_mean, enlarge_cells, low_band
from harmonic.ops.shuffle import shuffle


class Tail(nn.Module):
    """End of the HF branch, on the input's own grid of pixels.

    h0 (B, C, H/stride, W/stride), q (B, Q, H, W), x (B, 3, H, W) -> z (B, 3, scale·H, scale·W), features (B, c, H, W).
    It sees the picture and its high-pass features directly: a few channels at full resolution are what keeps clean
    pictures clean. form "product": the features of the branch set the gains of local filters, so that the picture is
    filtered as each place needs it, which is what deblurring is; "sum": they are only added. The last convolution
    starts at zero and has no bias (the projection would kill it).
    """

    def __init__(
        self, inputs: int, high_pass: int, channels: int, stride: int, scale: int, form: Literal["sum", "product"]
    ):
        super().__init__()
        self.stride, self.scale = stride, scale
        lifted = channels * stride * stride
        self.gain = nn.Conv2d(inputs, lifted, 1) if form == "product" else None
        self.lift = nn.Conv2d(inputs, lifted, 1)  # apart from gain: halves of one map are 16 times slower to multiply
        self.local = nn.Conv2d(high_pass + 3, channels, 3, padding=1)
        self.out = nn.Conv2d(channels, 3 * scale * scale, 3, padding=1, bias=False)
        if self.gain is not None:
            nn.init.ones_(self.gain.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.out.weight)

    def forward(self, h0: Tensor, q: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        local = self.local(torch.cat([q, x], 1))
        lift = shuffle(self.lift(h0), self.stride)
        if self.gain is not None:
            features = torch.addcmul(lift, shuffle(self.gain(h0), self.stride), local)
        else:
            features = nn.functional.leaky_relu(lift + local, 0.1)
        return shuffle(self.out(features), self.scale), features


class PlainTail(nn.Module):
    """The tail of a network without HF branch: one convolution at stride f. Same outputs as `Tail`, no features."""

    def __init__(self, inputs: int, factor: int):
        super().__init__()
        self.factor = factor
        self.out = nn.Conv2d(inputs, 3 * factor * factor, 3, padding=1, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, h0: Tensor) -> Tensor:
        return shuffle(self.out(h0), self.factor)


class OutputHead(nn.Module):
    """Bands: `LF = S(w_lf·cells(l) + A(w_z·z))`, `HF = (I - P)(w_hf·z)` on cells of K x K output pixels.

    z (B, 3, H, W); l (B, C, H/K, W/K) or None; features of the tail (B, c, H/scale, W/scale) or None -> lf, hf
    (B, 3, H, W), fp32.
    The gate w_z hands the cell means of z to LF instead of losing them, so the split costs no quality, and whatever
    HF does afterwards cannot move structure. Gates start at 1 and lie between floor and 2 - floor: one that can shut
    does so wherever there is no noise, and then z never learns what blur needs there (docs/decisions/0008). Without an
    LF branch the two bands add up to z.
    """

    def __init__(self, cell: int, low: int | None, features: int | None, scale: int, floor: float = 0.0):
        super().__init__()
        self.cell, self.scale, self.floor = cell, scale, floor
        self.cells = nn.Conv2d(low, 3, 1, bias=True) if low else None
        self.low_gates = nn.Conv2d(low, 2, 1) if low else None  # w_lf, w_z
        self.high_gate = nn.Conv2d(features, scale * scale, 1) if features else None  # w_hf
        for layer in (self.cells, self.low_gates, self.high_gate):
            if layer is not None:
                nn.init.zeros_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, z: Tensor, low: Tensor | None, features: Tensor | None) -> tuple[Tensor, Tensor]:
        cells = None if self.cells is None else self.cells(low).float()
        with torch.autocast(z.device.type, enabled=False):  # gates too: what they round, they multiply everything by
            z = z.float()
            gated, means = z, cell_mean(z, self.cell)
            if self.high_gate is not None and features is not None:
                gated = self.gate(shuffle(self.high_gate(features.float()), self.scale)) * z
            if cells is not None and self.low_gates is not None and low is not None:
                w_lf, w_z = self.gate(self.low_gates(low.float())).split(1, 1)
                means = w_lf * cells + w_z * means
            return enlarge_cells(means, self.cell), gated - low_band(gated, self.cell)

    def gate(self, x: Tensor) -> Tensor:
        """Any number -> a weight from floor to 2 - floor, 1 at 0."""
        return self.floor + 2 * (1 - self.floor) * x.sigmoid()
