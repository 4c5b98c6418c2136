"""Sliced-Wasserstein distance of textures: which patches occur at each scale, wherever they lie. For measuring.

The loss of the same idea (losses/texture.py) compares window by window; this one whole pictures.
Source: Karras et al., "Progressive growing of GANs", ICLR 2018, section 5: 7 x 7 patches of Laplacian levels.
"""

import numpy as np

LEVELS, DIRECTIONS, PATCH = 3, 16, 7
_STRIP = 16  # rows
_BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


def texture_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over levels and directions of the Wasserstein-1 distance between projections of patches; 0 is best.

    (H, W) or (H, W, C) on the 0–255 scale, one shape, sides of at least 28 pixels; ValueError otherwise -> grey
    levels. Patches at every second pixel; unit directions are drawn once and for all (seed 0). Unlike PSNR it prefers
    another sample of the same texture to a blurred copy; unlike a judge of realism it knows only what the target holds.
    """
    if a.shape != b.shape or a.ndim not in (2, 3) or min(a.shape[:2]) < PATCH << (LEVELS - 1):
        raise ValueError(f"expected two pictures of one shape, {PATCH << (LEVELS - 1)} or more: {a.shape}, {b.shape}")
    x, y = (np.atleast_3d(picture).astype(np.float64) for picture in (a, b))
    directions = np.random.RandomState(0).standard_normal((DIRECTIONS, PATCH * PATCH * x.shape[2]))
    directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
    distances = []
    for _ in range(LEVELS):
        (smooth_x, seen), (smooth_y, wanted) = _ranked(x, directions), _ranked(y, directions)
        distances.append(np.abs(seen - wanted).mean(dtype=np.float64))
        x, y = smooth_x[::2, ::2], smooth_y[::2, ::2]
    return float(np.mean(distances))


def _ranked(x: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smooth picture, and the sorted projections of the rest. (H, W, C) -> (H, W, C), (directions, positions)"""
    smooth = _smooth(_smooth(x, 0), 1)
    rest = (x - smooth).astype(np.float32)  # sorts several times faster, and the sums are taken in float64
    patches = np.lib.stride_tricks.sliding_window_view(rest, (PATCH, PATCH), (0, 1))[::2, ::2]
    # In strips, since all patches at once would take fifty times the picture.
    strips = (patches[top : top + _STRIP] for top in range(0, len(patches), _STRIP))
    values = np.concatenate([strip.reshape(-1, directions.shape[1]) @ directions.T for strip in strips])
    return smooth, np.sort(values.T, axis=1)


def _smooth(x: np.ndarray, axis: int) -> np.ndarray:
    padded = np.pad(x, [(2, 2) if i == axis else (0, 0) for i in range(x.ndim)], mode="symmetric")
    shifted = [w * padded.take(range(i, i + x.shape[axis]), axis) for i, w in enumerate(_BINOMIAL)]
    return np.sum(shifted, axis=0)
