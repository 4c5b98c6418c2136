"""GMSD: how unevenly gradients are kept over the picture; 0 is best.

Source: Xue, Zhang, Mou and Bovik, "Gradient magnitude similarity deviation", IEEE TIP 2014.
"""

import numpy as np

from harmonic.ops.cells import halved

_STEADY = 170.0  # keeps the ratio defined where both pictures are flat; the paper's value for 0–255


def gmsd(a: np.ndarray, b: np.ndarray) -> float:
    """Standard deviation over positions of the similarity of Prewitt gradients at half size.

    (H, W) on the 0–255 scale, the luma of a colour picture, sides of at least 4 pixels; ValueError otherwise. Half
    size: means of 2 x 2; beyond the border everything is 0, as in the authors' code.
    """
    if a.shape != b.shape or a.ndim != 2 or min(a.shape) < 4:
        raise ValueError(f"expected two pictures (H, W) of one shape, 4 pixels or more, got {a.shape} and {b.shape}")
    x, y = (_gradient(halved(picture.astype(np.float64), "constant")) for picture in (a, b))
    similarity = (2 * x * y + _STEADY) / (x * x + y * y + _STEADY)
    return float(similarity.std(ddof=1))


def _gradient(x: np.ndarray) -> np.ndarray:
    """Magnitude of the Prewitt gradient, zeros outside. Same shape"""
    x = np.pad(x, 1)
    rows, columns = (x[:-2] + x[1:-1] + x[2:]) / 3, (x[:, :-2] + x[:, 1:-1] + x[:, 2:]) / 3
    return np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2])
