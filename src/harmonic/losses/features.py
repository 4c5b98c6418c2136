"""Feature loss of the high band: pictures compared as a network trained to recognise things sees them (seed §10).

Weights are not ours to ship: they come from a file (`feature_file.py`); without one, `texture.py` stands in.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from harmonic.losses.bands import CELL, high_band

_BLOCKS = ((2, 1), (2, 2), (4, 4), (4, 8), (4, 8))  # convolutions, and channels in units of the width
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet in [0, 1]: what the weights were trained on


@dataclass(frozen=True)
class LayerWeights:
    """What the L1 of each layer counts; 0 leaves it out. Defaults of Real-ESRGAN (Wang et al., ICCVW 2021)."""

    conv1_2: float = 0.1
    conv2_2: float = 0.1
    conv3_4: float = 1.0
    conv4_4: float = 1.0
    conv5_4: float = 1.0


class FeatureExtractor(nn.Module):
    """The convolutional part of VGG-19. width: channels of the first block, 64 in the published network.

    x (B, 3, H, W) in [0, 1], sides of at least 16; names of layers such as `conv3_4`
    -> their maps before ReLU by name, (B, width·2^k, H / 2^k, W / 2^k) at block k + 1, with 8 · width at most.
    Values are normalised here; whoever calls passes pictures as they are. Nothing beyond the last layer asked for is
    computed. Source: Simonyan and Zisserman, ICLR 2015; before ReLU as in ESRGAN (Wang et al., ECCVW 2018).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, width: int = 64):
        super().__init__()
        layers: list[nn.Module] = []
        self.names: dict[int, str] = {}
        inputs = 3
        for block, (convolutions, multiple) in enumerate(_BLOCKS, 1):
            for place in range(1, convolutions + 1):
                self.names[len(layers)] = f"conv{block}_{place}"
                layers += [nn.Conv2d(inputs, width * multiple, 3, padding=1), nn.ReLU()]
                inputs = width * multiple
            layers.append(nn.MaxPool2d(2))
        self.layers = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_STD)[:, None, None], persistent=False)

    def forward(self, x: Tensor, names: Collection[str]) -> dict[str, Tensor]:
        maps: dict[str, Tensor] = {}
        wanted = set(names)
        x = (x - self.mean) / self.std
        for index, layer in enumerate(self.layers):
            if maps.keys() == wanted:
                break
            x = layer(x)
            if (name := self.names.get(index)) in wanted:
                maps[name] = x
        return maps


def feature_loss(prediction: Tensor, target: Tensor, extractor: FeatureExtractor,
                 weights: LayerWeights = LayerWeights(), cell: int = CELL) -> Tensor:  # fmt: skip
    """L1 between features of the target and of the target with the *predicted* high band in place of its own.

    prediction, target (B, 3, H, W) in [0, 1], sides multiples of `cell` and at least 16 -> scalar. Exactly blind to the
    low band, which gets no gradient. DSGAN (Fritsche et al., ICCVW 2019) shows its networks 0.5 + a high band; but
    these weights know photographs, not grey reliefs, and texture that a bright edge masks should count less.
    """
    chosen = {name: weight for name, weight in asdict(weights).items() if weight}
    with torch.no_grad():
        wanted = extractor(target, chosen)
    seen = extractor(target + high_band(prediction - target, cell), chosen)
    return torch.stack([weight * (seen[name] - wanted[name]).abs().mean() for name, weight in chosen.items()]).sum()
