"""`ConvGate`: a small convolution decides, per position and channel, how much attention counts (seed §7).

Attention averages over a window and is blind to the order of neighbours but for its bias; a gate from the 3x3
neighbourhood keeps its answers in step with the local texture. Sources: the gates of NAFNet (Chen et al., ECCV 2022)
and the convolution branch that gates attention in DAT (Chen et al., ICCV 2023), without its normalisation over the
batch and its pooling over the picture.
"""

from typing import Literal

from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.mixer import Mixer


class ConvGate(Mixer):
    """A mixer with a depthwise 3x3 gate, 0 to 2, of its input. (B, C, H, W), cells or None -> (B, C, H, W)

    place: "before" gates what the mixer sees, "after" what it says. The gate starts at 1 everywhere.
    reach = the mixer's + 1 before, at least 1 after; grid = the mixer's.
    """

    def __init__(self, mixer: Mixer, channels: int, place: Literal["before", "after"]):
        super().__init__()
        self.mixer, self.place = mixer, place
        self.reach = mixer.reach + 1 if place == "before" else max(mixer.reach, 1)
        self.grid = mixer.grid
        self.gate = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, cells: Cells | None) -> Tensor:
        gate = 2 * self.gate(x).sigmoid()
        if self.place == "before":
            return self.mixer(x * gate, cells)
        return self.mixer(x, cells) * gate
