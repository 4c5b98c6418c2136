"""What is checked, and on which pictures: weights in both forms, and crops of a folder of clean photographs."""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from harmonic.assets import find_weights
from harmonic.errors import PictureError
from harmonic.images.folder import list_pictures
from harmonic.measure.sets import read_clean
from harmonic.network.checkpoint import load_network
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.nn.parts import Parts
from harmonic.ops.cells import whole_cells
from harmonic.ops.eight_bit import to_float
from harmonic.ops.noise import Noise
from harmonic.train.data import read_validation

SIDE, QUICK_SIDE = 256, 128  # of a crop, in pixels
COUNT, QUICK_COUNT = 24, 6
ENLARGE = "enlarge"  # the task of weights that want clean inputs
SMALLEST = 64  # a crop below this has nothing to say about frequencies


@dataclass(frozen=True, eq=False)
class Subject:
    """network: as the file holds it; deployed: fused, what users run; both fp32, in evaluation mode.

    crops: clean, (h, w, 3) uint8, at least SMALLEST pixels a side. quick: fewer pictures, smaller probes.
    blind: whether it is made for pictures with unknown damage; False: for clean ones that are to be enlarged.
    """

    name: str
    network: Harmonic
    deployed: Harmonic
    crops: tuple[np.ndarray, ...]
    quick: bool = False
    blind: bool = True

    @property
    def scale(self) -> int:
        return self.network.scale


def load_subject(model: str | Path, data: Path, quick: bool = False) -> Subject:
    """A bundled name or a weights file, and a folder: the crops of its `val.txt`, else the middles of its pictures.

    Raises WeightsError, and PictureError or UsageError for a folder without usable pictures.
    """
    network, card = load_network(find_weights(model))
    return subject(card.name, network, read_crops(data, quick), quick, blind=card.task != ENLARGE)


def subject(name: str, network: Harmonic, crops: list[np.ndarray], quick: bool = False, blind: bool = True) -> Subject:
    """A network at work; one that is in deploy form already is checked in that form alone."""
    network = copy.deepcopy(network).eval().requires_grad_(False)
    deployed = fuse(network) if network.form == "train" else network
    whole = tuple(np.ascontiguousarray(whole_cells(crop, network.scale)) for crop in crops)  # whole input pixels
    return Subject(name, network, deployed, whole, quick, blind)


def read_crops(data: Path, quick: bool) -> list[np.ndarray]:
    """Clean crops (h, w, 3) uint8, evenly picked where there are more than needed."""
    side, count = (QUICK_SIDE, QUICK_COUNT) if quick else (SIDE, COUNT)
    crops = [_middle(crop, side) for crop in _spread(read_validation(data), count)] if data.exists() else []
    if not crops:
        crops = [_middle(read_clean(file), side) for file in _spread(list_pictures(data), count)]
    large = [crop for crop in crops if min(crop.shape[:2]) >= SMALLEST]
    if not large:
        raise PictureError(f"{data}: no picture has sides of {SMALLEST} pixels or more; name larger ones")
    return large


def to_tensor(picture: np.ndarray) -> Tensor:
    """(h, w, 3) uint8 or float about [0, 1] -> (1, 3, h, w) float32."""
    values = to_float(picture) if picture.dtype == np.uint8 else picture.astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(values)).permute(2, 0, 1)[None]


def to_array(x: Tensor) -> np.ndarray:
    """(1, 3, h, w) -> (h, w, 3) float32."""
    return x[0].permute(1, 2, 0).float().numpy()


@torch.inference_mode()
def parts_of(network: Harmonic, picture: np.ndarray, seed: int | None = None) -> Parts:
    """What a network says about a picture with its own context; seed: of generated texture, None = none is made."""
    x = to_tensor(picture)
    noise = None if seed is None else Noise(torch.tensor([seed]), torch.zeros(1, 2, dtype=torch.int64))
    return network.decompose(x, network.look(x), noise)


def restored(network: Harmonic, picture: np.ndarray) -> np.ndarray:
    """(h, w, 3) -> (scale·h, scale·w, 3) float32, not clamped."""
    return to_array(parts_of(network, picture).mix())


def canvas(crop: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture of any size from one crop, mirrored as often as needed. -> (height, width, 3) uint8"""
    rows, columns = ((0, max(0, wanted - side)) for wanted, side in zip((height, width), crop.shape[:2], strict=True))
    return np.pad(crop, (rows, columns, (0, 0)), mode="symmetric")[:height, :width]


def _spread(items: list, count: int) -> list:
    """At most `count` of them, evenly."""
    if len(items) <= count:
        return items
    return [items[i * len(items) // count] for i in range(count)]


def _middle(picture: np.ndarray, side: int) -> np.ndarray:
    top, left = (max(0, (length - side) // 2) for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]
