"""MS-SSIM: structural similarity over five scales.

Source: Wang, Simoncelli and Bovik, "Multiscale structural similarity", Asilomar 2003, with the window of protocol C3.
"""

from math import prod

import numpy as np

from harmonic.ops.cells import halved
from harmonic.ops.quality import contrast_structure, ssim

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, finest first, as published; they sum to 1.0001."""

SMALLEST = 161
"""Pixels a side: the window of 11 must fit at a sixteenth of the size."""


def ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Mean of the channels' figures; 1 for equal pictures.

    (H, W) or (H, W, C) on the 0–255 scale, sides of at least `SMALLEST` pixels; ValueError otherwise. Scales are means
    of 2 x 2 pixels, the last row or column of an odd side repeated. A negative mean at a scale counts as 0, since its
    power is no number.
    """
    if a.shape != b.shape or a.ndim not in (2, 3) or min(a.shape[:2]) < SMALLEST:
        raise ValueError(f"MS-SSIM needs two pictures of one shape, sides of {SMALLEST} or more: {a.shape}, {b.shape}")
    planes = zip(np.atleast_3d(a).T, np.atleast_3d(b).T, strict=True)
    return float(np.mean([_plane(x.T.astype(np.float64), y.T.astype(np.float64)) for x, y in planes]))


def _plane(x: np.ndarray, y: np.ndarray) -> float:
    similarities = []
    for _ in WEIGHTS[:-1]:
        similarities.append(contrast_structure(x, y))
        x, y = halved(x, "edge"), halved(y, "edge")
    similarities.append(ssim(x, y))
    return prod(max(value, 0.0) ** weight for value, weight in zip(similarities, WEIGHTS, strict=True))
