"""The Inception network of FID, with the names of its published weights: an image classifier, converted, of 2015.

Its three departures from the usual network are kept: means that leave padding out, a maximum in the last block.
Source: Szegedy et al., "Rethinking the Inception architecture", CVPR 2016; FID: Heusel et al., NeurIPS 2017.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Step(NamedTuple):
    """One convolution of a path. stride 1 keeps the size, stride 2 pads nothing."""

    name: str
    outputs: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


Path = Sequence[Step | tuple[Step, Step]]
"""Steps one after another; a pair stands side by side."""
Pool = Literal["average", "maximum", "halved"]

THREE, ROW, COLUMN = (3, 3), (1, 7), (7, 1)


class Inception(nn.Module):
    """x (B, 3, H, W) in [0, 1] -> (B, 2048): features at 299 x 299, resized bilinearly, corners not aligned.

    narrow: divides all widths, for tests.
    """

    def __init__(self, narrow: int = 1):
        super().__init__()
        self.Conv2d_1a_3x3 = _Conv(3, 32 // narrow, THREE, 2)
        self.Conv2d_2a_3x3 = _Conv(32 // narrow, 32 // narrow, THREE, padded=False)
        self.Conv2d_2b_3x3 = _Conv(32 // narrow, 64 // narrow, THREE)
        self.Conv2d_3b_1x1 = _Conv(64 // narrow, 80 // narrow, (1, 1))
        self.Conv2d_4a_3x3 = _Conv(80 // narrow, 192 // narrow, THREE, padded=False)
        channels = 192 // narrow
        self.mixed = []
        for name, paths, pool in _BLOCKS:
            block = _Mixed(channels, paths, pool, narrow)
            channels = block.outputs
            self.add_module(name, block)
            self.mixed.append(name)

    def forward(self, x: Tensor) -> Tensor:
        x = F.interpolate(x, (299, 299), mode="bilinear", align_corners=False)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(2 * x - 1)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        for name in self.mixed:
            x = self.get_submodule(name)(x)
        return x.mean((2, 3))


class _Mixed(nn.Module):
    """Paths side by side and a pooled one, joined."""

    def __init__(self, inputs: int, paths: Sequence[Path], pool: Pool, narrow: int):
        super().__init__()
        self.paths, self.pool, self.outputs = paths, pool, 0
        for path in paths:
            # The last path of a block that keeps its size starts from the pooled map, which has as many channels.
            channels = inputs
            for step in path:
                pair = (step,) if isinstance(step, Step) else step
                for s in pair:
                    self.add_module(s.name, _Conv(channels, s.outputs // narrow, s.kernel, s.stride))
                channels = sum(s.outputs // narrow for s in pair)
            self.outputs += channels
        if pool == "halved":
            self.outputs += inputs

    def forward(self, x: Tensor) -> Tensor:
        if self.pool == "halved":
            return torch.cat([*(self._along(path, x) for path in self.paths), F.max_pool2d(x, 3, 2)], 1)
        average = self.pool == "average"
        pooled = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False) if average else F.max_pool2d(x, 3, 1, 1)
        *others, last = self.paths
        return torch.cat([*(self._along(path, x) for path in others), self._along(last, pooled)], 1)

    def _along(self, path: Path, x: Tensor) -> Tensor:
        for step in path:
            pair = (step,) if isinstance(step, Step) else step
            x = torch.cat([self.get_submodule(s.name)(x) for s in pair], 1)
        return x


class _Conv(nn.Module):
    """Convolution, the statistics of training, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], stride: int = 1, padded: bool = True):
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if padded and stride == 1 else (0, 0)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = _Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class _Norm(nn.Module):
    """`BatchNorm2d` at evaluation, without its count of training steps, which the file need not hold."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=0.001)


def _fine(pooled: int) -> Sequence[Path]:
    return (
        (Step("branch1x1", 64),),
        (Step("branch5x5_1", 48), Step("branch5x5_2", 64, (5, 5))),
        (Step("branch3x3dbl_1", 64), Step("branch3x3dbl_2", 96, THREE), Step("branch3x3dbl_3", 96, THREE)),
        (Step("branch_pool", pooled),),
    )


def _middle(inner: int) -> Sequence[Path]:
    turns = (COLUMN, ROW, COLUMN)
    return (
        (Step("branch1x1", 192),),
        (Step("branch7x7_1", inner), Step("branch7x7_2", inner, ROW), Step("branch7x7_3", 192, COLUMN)),
        (
            Step("branch7x7dbl_1", inner),
            *(Step(f"branch7x7dbl_{place}", inner, kernel) for place, kernel in enumerate(turns, 2)),
            Step("branch7x7dbl_5", 192, ROW),
        ),
        (Step("branch_pool", 192),),
    )


_COARSE: Sequence[Path] = (
    (Step("branch1x1", 320),),
    (Step("branch3x3_1", 384), (Step("branch3x3_2a", 384, (1, 3)), Step("branch3x3_2b", 384, (3, 1)))),
    (
        Step("branch3x3dbl_1", 448),
        Step("branch3x3dbl_2", 384, THREE),
        (Step("branch3x3dbl_3a", 384, (1, 3)), Step("branch3x3dbl_3b", 384, (3, 1))),
    ),
    (Step("branch_pool", 192),),
)
_TO_MIDDLE: Sequence[Path] = (
    (Step("branch3x3", 384, THREE, 2),),
    (Step("branch3x3dbl_1", 64), Step("branch3x3dbl_2", 96, THREE), Step("branch3x3dbl_3", 96, THREE, 2)),
)
_TO_COARSE: Sequence[Path] = (
    (Step("branch3x3_1", 192), Step("branch3x3_2", 320, THREE, 2)),
    (
        Step("branch7x7x3_1", 192),
        Step("branch7x7x3_2", 192, ROW),
        Step("branch7x7x3_3", 192, COLUMN),
        Step("branch7x7x3_4", 192, THREE, 2),
    ),
)
_BLOCKS: Sequence[tuple[str, Sequence[Path], Pool]] = (
    ("Mixed_5b", _fine(32), "average"),
    ("Mixed_5c", _fine(64), "average"),
    ("Mixed_5d", _fine(64), "average"),
    ("Mixed_6a", _TO_MIDDLE, "halved"),
    ("Mixed_6b", _middle(128), "average"),
    ("Mixed_6c", _middle(160), "average"),
    ("Mixed_6d", _middle(160), "average"),
    ("Mixed_6e", _middle(192), "average"),
    ("Mixed_7a", _TO_COARSE, "halved"),
    ("Mixed_7b", _COARSE, "average"),
    ("Mixed_7c", _COARSE, "maximum"),
)
