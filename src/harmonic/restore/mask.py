"""Where a picture is restored: white = in full, black = not at all and left bit for bit, soft in between."""

from pathlib import Path

import numpy as np

from harmonic.errors import PictureError, UsageError, shown
from harmonic.images.read import read_picture
from harmonic.ops.resize import resize_to

Mask = np.ndarray | str | Path
"""(H, W) bool, unsigned or float in [0, 1], or a file of a grey picture; of the size of the input."""

_STRIP = 256  # rows blended at a time


def mask_weights(mask: Mask, height: int, width: int) -> np.ndarray:
    """Weights (H, W) float32 in [0, 1], the largest value of an unsigned type being 1.

    Raises UsageError for what is no mask, PictureError for another size.
    """
    if isinstance(mask, np.ndarray):
        name, samples = "mask", mask
    else:
        name, samples = f"--mask {shown(mask)}", read_mask(Path(mask))
    if samples.ndim != 2:
        raise UsageError(f"{name}: must be (H, W), got {samples.shape}; give one grey value per pixel")
    if samples.shape != (height, width):
        size = f"{samples.shape[1]}x{samples.shape[0]}"
        raise PictureError(f"{name}: is {size}, the picture {width}x{height}; a mask has the size of its picture")
    if samples.dtype == bool or np.issubdtype(samples.dtype, np.floating):
        weights = samples.astype(np.float32)
    elif not np.issubdtype(samples.dtype, np.unsignedinteger):
        raise UsageError(f"{name}: holds {samples.dtype}; give bool, an unsigned type (its largest is 1) or floats")
    else:
        weights = samples.astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)
    if not (weights.min() >= 0 and weights.max() <= 1):
        raise UsageError(f"{name}: has values outside 0 to 1; 0 leaves a pixel as it is, 1 restores it")
    return weights


def blend(bare: np.ndarray, restored: np.ndarray, weights: np.ndarray) -> None:
    """Turn `restored` (H, W, C), in place, into what it is by these weights; equal to `bare` bit for bit where 0.

    weights: (h, w) of the input, enlarged here when the picture was.
    """
    weights = resize_to(weights, *restored.shape[:2])
    integers = np.issubdtype(restored.dtype, np.integer)
    for start in range(0, len(restored), _STRIP):
        rows = slice(start, start + _STRIP)
        share = np.clip(weights[rows, :, None], 0, 1)  # bicubic enlargement overshoots
        before, after = bare[rows].astype(np.float32), restored[rows].astype(np.float32)
        mixed = before + share * (after - before)
        mixed = np.where(share == 1, after, mixed)
        restored[rows] = np.floor(mixed + 0.5) if integers else mixed


def read_mask(path: Path) -> np.ndarray:
    """The grey values of a mask's file, (H, W). Raises UsageError, since the mask is an option and no input."""
    try:
        colour = read_picture(path).colour
    except PictureError as error:
        raise UsageError(f"--mask: {error}") from error
    if (colour != colour[..., :1]).any():
        raise UsageError(f"--mask {shown(path)}: is coloured; a mask is grey, white where the picture is restored")
    return colour[..., 0]
