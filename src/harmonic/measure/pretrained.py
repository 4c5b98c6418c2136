"""Weights of others on our suites: any file that spandrel can load, as a restorer of arrays."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from harmonic.errors import UsageError, WeightsError
from harmonic.measure.line_ups import RESTORATION
from harmonic.measure.score import Restore
from harmonic.measure.suites import Suite, suites_named
from harmonic.ops.eight_bit import to_float


@dataclass(frozen=True)
class Pretrained:
    """name: of the architecture. restore: (H, W, 3) uint8 or float -> float32, `scale` times as large."""

    name: str
    scale: int
    restore: Restore


def load_pretrained(file: Path, device: torch.device) -> Pretrained:
    """Read weights, in fp32. spandrel recognises the architecture, and unpickles no code.

    Raises UsageError where spandrel is missing, WeightsError for a file that it cannot load or that is not for colour.
    """
    try:
        spandrel = import_module("spandrel")  # by name, so that types are checked without it
    except ImportError as error:
        raise UsageError(f"spandrel: cannot be imported ({error}); `make peers` makes an environment with it") from None
    try:
        model = spandrel.ModelLoader(device).load_from_file(file)
    except Exception as error:  # whatever unpickling and its many architectures raise
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise WeightsError(f"{file}: spandrel cannot load it ({reason}); check the file") from None
    if not isinstance(model, spandrel.ImageModelDescriptor) or (model.input_channels, model.output_channels) != (3, 3):
        raise WeightsError(f"{file}: {model.architecture.name} does not take one colour picture to another")

    @torch.inference_mode()
    def restore(picture: np.ndarray) -> np.ndarray:
        given = to_float(picture) if picture.dtype == np.uint8 else picture
        x = torch.from_numpy(given).permute(2, 0, 1)[None].contiguous().to(device)
        return model(x)[0].permute(1, 2, 0).float().cpu().numpy()

    return Pretrained(model.architecture.name, model.scale, restore)


def suites_for(scale: int) -> tuple[Suite, ...]:
    """What weights of that scale are scored on: columns of the table of restoration, or enlargement.

    Raises UsageError for a scale that has no suite.
    """
    return RESTORATION.suites if scale == 1 else suites_named("sr", scale)
