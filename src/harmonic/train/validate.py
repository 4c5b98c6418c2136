"""Quick validation during training: a few crops, five damages, PSNR of the EMA weights."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Blur, Degradation, Jpeg, Noise, Round
from harmonic.network.harmonic import Harmonic
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import psnr
from harmonic.train.batches import shrunk
from harmonic.train.pictures import Crop, read_rgb

CASES: dict[str, tuple[Degradation, ...]] = {
    "noise25": (Noise(sigma=25),),
    "jpeg10": (Jpeg(quality=10),),
    "blur2": (Blur(sigma=2), Round()),
    "mix": (Blur(sigma=1), Noise(sigma=15, clip=True), Round(), Jpeg(quality=40)),
    "clean": (),
}
MOST_DB = 100.0  # of an untouched picture, as in P-CL-1


def read_crops(crops: Sequence[Crop]) -> list[np.ndarray]:
    """(height, width, 3) uint8 each."""
    return [read_rgb(c.path)[c.y : c.y + c.height, c.x : c.x + c.width] for c in crops]


@torch.inference_mode()
def validate(model: nn.Module, crops: Sequence[np.ndarray], device: torch.device, scale: int = 1) -> dict[str, float]:
    """Mean PSNR in dB per case, of 8-bit outputs, and the mean over the damages; above scale 1 inputs are shrunk."""
    was_training = model.training
    model.eval()
    result = {}
    cases = CASES if scale == 1 else {"bicubic": ()}
    for name, steps in cases.items():
        figures = []
        for index, crop in enumerate(crops):
            height, width = (side - side % scale for side in crop.shape[:2])
            clean = crop[:height, :width]
            lq = degrade(shrunk(clean.astype(np.float32) / 255, scale), steps, np.random.RandomState(index))
            y = restored(model, torch.from_numpy(lq).permute(2, 0, 1)[None].to(device))
            figures.append(min(MOST_DB, psnr(to_uint8(y[0].permute(1, 2, 0).float().cpu().numpy()), clean)))
        result[name] = float(np.mean(figures))
    result["mean"] = float(np.mean([result[name] for name, steps in cases.items() if steps or scale > 1]))
    model.train(was_training)
    return result


def restored(model: nn.Module, x: Tensor) -> Tensor:
    """Whole pictures (B, 3, H, W), with their own context where the network asks for one."""
    return model(x, model.look(x)) if isinstance(model, Harmonic) else model(x)
