"""Arrays and tensors as callers have them -> samples as the engine takes them, or a refusal that says what it takes."""

import numpy as np
from torch import Tensor


def samples_of_array(picture: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 1 or 3), uint8, uint16 or floating -> (H, W, C), floats as float32. Raises ValueError."""
    whole = picture.dtype in (np.uint8, np.uint16)
    if not whole and not np.issubdtype(picture.dtype, np.floating):
        raise ValueError(f"an array must be uint8, uint16, or float in about [0, 1]; got {picture.dtype}")
    shape = picture.shape
    if not (picture.ndim == 2 or (picture.ndim == 3 and shape[2] in (1, 3))) or 0 in shape:
        raise ValueError(f"an array must be (H, W) or (H, W, 1 or 3) with H, W >= 1; got {shape}")
    samples = picture if whole else picture.astype(np.float32, copy=False)
    return samples if samples.ndim == 3 else samples[..., None]


def samples_of_tensor(picture: Tensor) -> list[np.ndarray]:
    """(C, H, W) or (B, C, H, W), C = 1 or 3, floating -> one (H, W, C) float32 for each picture. Raises ValueError."""
    if not picture.is_floating_point():
        raise ValueError(f"a tensor must be floating-point, about [0, 1]; got {picture.dtype}")
    if picture.ndim not in (3, 4) or picture.shape[-3] not in (1, 3) or 0 in picture.shape:
        raise ValueError(f"a tensor must be (C, H, W) or (B, C, H, W), C = 1 or 3; got {tuple(picture.shape)}")
    batch = picture if picture.ndim == 4 else picture[None]
    return [one.permute(1, 2, 0).numpy() for one in batch.detach().float().cpu()]
