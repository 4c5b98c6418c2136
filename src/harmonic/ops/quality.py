"""Full-reference picture quality: PSNR and SSIM of 8-bit pictures, and PSNR of their low and high bands.

Range, border and colour space are stated, never guessed: values lie on the 0–255 scale, all arithmetic is float64.
"""

from collections.abc import Callable
from fractions import Fraction
from math import inf, log10

import numpy as np

from harmonic.ops.resize import imresize

PEAK = 255.0
BAND_SCALE = 4  # the low band is the picture at a quarter of its size


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB over all pixels and channels (protocol C2); inf for equal pictures.

    (H, W) or (H, W, C), uint8 or floats on the 0–255 scale. Raises ValueError if the shapes differ.
    """
    return _decibel(_difference(a, b))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity, mean over positions and channels (protocol C3).

    (H, W) or (H, W, C) on the 0–255 scale, sides of at least 11 pixels; ValueError otherwise.
    11 x 11 Gaussian window of sigma 1.5 at fully covered positions, population covariances, K1 0.01, K2 0.03.
    Source: Wang et al., IEEE TIP 2004, without the shrinking of their script. scikit-image calls it
    `gaussian_weights=True, use_sample_covariance=False`; its default is another measure.
    """
    return _mean_over_windows(a, b, _ssim_map)


def contrast_structure(a: np.ndarray, b: np.ndarray) -> float:
    """SSIM without its comparison of means: what MS-SSIM takes from all scales but the last. As `ssim` else."""
    return _mean_over_windows(a, b, _contrast_structure_map)


def low_band_psnr(a: np.ndarray, b: np.ndarray) -> float:
    """PSNR in dB of both pictures shrunk to a quarter by antialiased bicubic, unrounded: is the structure right?

    (H, W) or (H, W, C) on the 0–255 scale; inf if equal.
    """
    # Shrinking is linear, so the difference can be shrunk instead of both pictures.
    return _decibel(imresize(_difference(a, b), Fraction(1, BAND_SCALE)))


def high_band_psnr(a: np.ndarray, b: np.ndarray) -> float:
    """PSNR in dB of what the quarter-size pictures, enlarged again by bicubic, do not hold: is the texture right?

    (H, W) or (H, W, C) on the 0–255 scale; inf if equal.
    """
    return _decibel(_high_band(_difference(a, b)))


def high_band_energy(picture: np.ndarray) -> float:
    """Mean square of the same band of one picture: how much texture there is. (H, W) or (H, W, C), 0–255 scale"""
    return float(np.mean(_high_band(picture.astype(np.float64)) ** 2))


def luma(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) RGB on the 0–255 scale -> (H, W) float64 studio-range Y, 16–235, not rounded (protocol C4)."""
    return picture.astype(np.float64) @ (np.array([65.481, 128.553, 24.966]) / 255) + 16.0


def grey(picture: np.ndarray) -> np.ndarray:
    """(H, W) float64: a grey picture as it is, of (H, W, 3) RGB the luma. All on the 0–255 scale"""
    return luma(picture) if picture.ndim == 3 else picture.astype(np.float64)


def shave(picture: np.ndarray, border: int) -> np.ndarray:
    """Without `border` pixels on every side (protocol C5). (H, W, ...) -> (H - 2 border, W - 2 border, ...), a view."""
    height, width = picture.shape[:2]
    return picture[border : height - border, border : width - border]


def _high_band(picture: np.ndarray) -> np.ndarray:
    low = imresize(imresize(picture, Fraction(1, BAND_SCALE)), Fraction(BAND_SCALE))
    return picture - low[: picture.shape[0], : picture.shape[1]]


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    _same_shape(a, b)
    return a.astype(np.float64) - b


def _same_shape(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape or a.ndim not in (2, 3):
        raise ValueError(f"expected two pictures (H, W) or (H, W, C) of one shape, got {a.shape} and {b.shape}")


def _decibel(difference: np.ndarray) -> float:
    error = float(np.mean(np.square(difference)))
    return 10 * log10(PEAK**2 / error) if error > 0 else inf


def _planes(picture: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, C) -> (C, H, W) float64, contiguous."""
    return np.ascontiguousarray(np.atleast_3d(picture).transpose(2, 0, 1), dtype=np.float64)


_WINDOW = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()
_MARGIN = _WINDOW.size - 1
_C1, _C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2

# Filtering as small matrix products: each makes 32 output positions from the 42 inputs they cover. The zeros of
# the band are multiplied too, and it is still several times faster than 11 shifted sums.
_BLOCK = 32
_BAND = np.stack([np.pad(_WINDOW, (i, _BLOCK - 1 - i)) for i in range(_BLOCK)])  # (32, 42)


def _mean_over_windows(a: np.ndarray, b: np.ndarray, similarity: Callable[..., np.ndarray]) -> float:
    _same_shape(a, b)
    if min(a.shape[:2]) < _WINDOW.size:
        raise ValueError(f"SSIM needs sides of at least {_WINDOW.size} pixels, got {a.shape[0]}x{a.shape[1]}")
    x, y = _planes(a), _planes(b)
    rows = x.shape[1] - _MARGIN
    # Strips of one channel stay in the processor's cache: six times faster than whole pictures.
    strips = [(c, slice(top, top + _BLOCK + _MARGIN)) for c in range(len(x)) for top in range(0, rows, _BLOCK)]
    total = sum(similarity(x[c, strip], y[c, strip]).sum() for c, strip in strips)
    return float(total) / (len(x) * rows * (x.shape[2] - _MARGIN))


def _ssim_map(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Two strips (H, W), 11 to 42 rows -> (H - 10, W - 10) local similarity."""
    product, squares, covariance, variances = _moments(x, y)
    return (product + _C1) * (covariance + _C2) / ((squares + _C1) * (variances + _C2))


def _contrast_structure_map(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    _, _, covariance, variances = _moments(x, y)
    return (covariance + _C2) / (variances + _C2)


def _moments(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """2 mu_x mu_y, mu_x² + mu_y², 2 sigma_xy, sigma_x² + sigma_y² of each window."""
    # Of the sum and the difference four filtered maps suffice, of x and y themselves five.
    total, gap = x + y, x - y
    mean_t, mean_g, square_t, square_g = _smooth(np.stack([total, gap, total * total, gap * gap]))
    mean_t *= mean_t
    mean_g *= mean_g
    product, squares = (mean_t - mean_g) / 2, (mean_t + mean_g) / 2
    covariance, variances = (square_t - square_g) / 2 - product, (square_t + square_g) / 2 - squares
    return product, squares, covariance, variances


def _smooth(strips: np.ndarray) -> np.ndarray:
    """(N, H, W), 11 to 42 rows -> (N, H - 10, W - 10): the Gaussian window where it is fully covered."""
    _, height, width = strips.shape
    rows = _BAND[: height - _MARGIN, :height] @ strips
    columns = range(0, width - _MARGIN, _BLOCK)
    blocks = [rows[:, :, left : left + _BLOCK + _MARGIN] for left in columns]
    return np.concatenate([block @ _BAND[: block.shape[2] - _MARGIN, : block.shape[2]].T for block in blocks], axis=2)
