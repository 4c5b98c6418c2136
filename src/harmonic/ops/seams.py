"""Seams: whether steps between neighbouring pixels are larger where a picture was put together than elsewhere.

The same comparison as in PSNR-B (Yim and Bovik, IEEE TIP 2011), as a ratio, and for any borders: of tiles, of cells.
"""

from collections.abc import Sequence

import numpy as np


def seam_ratio(picture: np.ndarray, rows: Sequence[int], columns: Sequence[int]) -> float:
    """Mean step across the borders over the mean step elsewhere; 1 = no seams.

    picture: (H, W) or (H, W, C), any scale. rows, columns: where a part begins, 1 to H - 1 and 1 to W - 1; the step
    across a border is that from the pixel before it. Without any step, 1; with steps at borders alone, inf. Raises
    ValueError without a border, or when there is nothing else.
    """
    at, beside = [], []
    for axis, borders in enumerate((rows, columns)):
        steps = np.abs(np.diff(np.moveaxis(picture.astype(np.float64), axis, 0), axis=0))
        chosen = np.zeros(len(steps), bool)
        chosen[np.asarray(borders, int) - 1] = True
        at.append(steps[chosen].ravel())
        beside.append(steps[~chosen].ravel())
    there, elsewhere = np.concatenate(at), np.concatenate(beside)
    if not (there.size and elsewhere.size):
        raise ValueError("a ratio needs borders, and steps beside them")
    if not elsewhere.any():
        return float("inf") if there.any() else 1.0
    return float(there.mean() / elsewhere.mean())
