"""Patch-FID: Fréchet distance between Inception features of 128 x 128 patches of two sets of pictures.

The weights come from a file of the user's; they and the resizing decide the figure (protocol P-RW-5).
"""

from pathlib import Path

import numpy as np
import torch

from harmonic.measure.backbone_file import as_batch, load_backbone
from harmonic.measure.inception import Inception

RECIPE = (
    "make it from pytorch-fid's file pt_inception-2015-12-05-6726825d.pth: "
    'python -c "import torch; from safetensors.torch import save_file; '
    "tensors = torch.load('pt_inception-2015-12-05-6726825d.pth', weights_only=True); "
    "save_file({k: v.contiguous() for k, v in tensors.items() if not k.startswith(('fc.', 'AuxLogits.')) "
    "and not k.endswith('num_batches_tracked')}, 'inception-2015.safetensors')\""
)

PATCH = 128
ENOUGH = 2048
"""Patches of each set below which a figure is not to be compared with others (P-RW-5); the report says so."""
_BATCH = 16


def load_inception(path: Path) -> Inception:
    """The network with the weights of a file; raises `WeightsError` that says how to make it."""
    network = Inception()
    load_backbone(network, path, RECIPE)
    return network


@torch.inference_mode()
def patch_features(network: Inception, picture: np.ndarray) -> np.ndarray:
    """Features of each whole patch of 128 x 128 from the top left. (H, W, 3) uint8 -> (N, 2048) float64, N may be 0."""
    rows, columns = (range(0, side - PATCH + 1, PATCH) for side in picture.shape[:2])
    patches = [as_batch(picture[y : y + PATCH, x : x + PATCH]) for y in rows for x in columns]
    batches = [network(torch.cat(patches[i : i + _BATCH])) for i in range(0, len(patches), _BATCH)]
    return torch.cat(batches).double().numpy() if batches else np.empty((0, 0))
