"""LPIPS-VGG: distance of pictures as features of VGG-16 see them, layers weighed by people's judgements.

Its weights come from a file of the user's. The figures of the AlexNet form lie on another scale (protocol P-RW-4).
Source: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, version 0.1.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from harmonic.measure.backbone_file import as_batch, load_backbone

RECIPE = (
    "make it where torchvision and lpips are installed: "
    'python -c "from safetensors.torch import save_file; from torchvision.models import vgg16; import lpips; '
    "lines = {k: v for k, v in lpips.LPIPS(net='vgg').state_dict().items() if k.startswith('lin') and k[3] != 's'}; "
    "features = vgg16(weights='IMAGENET1K_V1').features.state_dict(); "
    "save_file({**{f'features.{k}': v for k, v in features.items()}, **lines}, 'lpips-vgg.safetensors')\""
)

_BLOCKS = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))  # convolutions, and channels in units of the width
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of values in [-1, 1]


class LPIPS(nn.Module):
    """a, b (B, 3, H, W) in [0, 1], sides of at least 16 -> (B,), 0 for equal pictures. No resizing.

    width: channels of the first block, 64 in the published network.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, width: int = 64):
        super().__init__()
        layers: list[nn.Module] = []
        self.seen: list[int] = []
        inputs = 3
        for convolutions, multiple in _BLOCKS:
            for _ in range(convolutions):
                layers += [nn.Conv2d(inputs, width * multiple, 3, padding=1), nn.ReLU()]
                inputs = width * multiple
            self.seen.append(len(layers) - 1)
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        for place, (_, multiple) in enumerate(_BLOCKS):
            self.add_module(f"lin{place}", _Line(width * multiple))
        self.register_buffer("shift", torch.tensor(_SHIFT)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(_SCALE)[:, None, None], persistent=False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        x, y = ((2 * picture - 1 - self.shift) / self.scale for picture in (a, b))
        total = x.new_zeros(len(x))
        for index, layer in enumerate(self.features):
            x, y = layer(x), layer(y)
            if index in self.seen:
                line = self.get_submodule(f"lin{self.seen.index(index)}")
                total = total + line((_unit(x) - _unit(y)).square()).mean((1, 2, 3))
            if index == self.seen[-1]:
                break
        return total


class _Line(nn.Module):
    """One weight a channel. The name `model.1` is that of the published file, whose `model.0` is a dropout."""

    def __init__(self, channels: int):
        super().__init__()
        self.model = nn.Sequential(nn.Identity(), nn.Conv2d(channels, 1, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


def load_lpips(path: Path) -> LPIPS:
    """The measure with the weights of a file; raises `WeightsError` that says how to make it."""
    network = LPIPS()
    load_backbone(network, path, RECIPE)
    return network


@torch.inference_mode()
def lpips(network: LPIPS, a: np.ndarray, b: np.ndarray) -> float:
    """(H, W, 3) uint8 and the same -> the distance, lower is better."""
    return float(network(as_batch(a), as_batch(b)))


def _unit(x: Tensor) -> Tensor:
    return x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
