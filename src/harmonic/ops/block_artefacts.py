"""PSNR-B: PSNR that also counts steps along the borders of JPEG's 8 x 8 blocks (protocols P-JP-3 to P-JP-5).

Source: Yim and Bovik, IEEE TIP 2011. Two ways of counting borders and two forms for colour are in use and differ; here
each is named.
"""

from math import inf, log2, log10
from typing import Literal

import numpy as np

from harmonic.ops.quality import PEAK, luma

BLOCK = 8
Counts = Literal["integer", "real"]
"""How many borders a side of n pixels has: n // 8 - 1 (SwinIR, QGAC) or n / 8 - 1 (FBCNN)."""


def psnr_b(restored: np.ndarray, clean: np.ndarray, counts: Counts = "integer") -> float:
    """PSNR-B in dB of grey pictures; inf for equal ones without block steps.

    (H, W) on the 0–255 scale, sides of at least 16 pixels. The order matters: the steps are those of `restored`.
    Raises ValueError for other shapes.
    """
    _check(restored, clean, 2)
    return _decibel(_error(restored, clean) + blocking(restored, counts))


def psnr_b_of_channels(restored: np.ndarray, clean: np.ndarray, counts: Counts = "integer") -> float:
    """Colour form (a), of SwinIR's tables: mean of the three channels' PSNR-B. (H, W, 3), as `psnr_b` else."""
    _check(restored, clean, 3)
    return sum(psnr_b(restored[..., c], clean[..., c], counts) for c in range(3)) / 3


def psnr_b_of_luma(restored: np.ndarray, clean: np.ndarray, counts: Counts = "integer") -> float:
    """Colour form (b), of FBCNN's tables: error over RGB, steps of the luma rounded to 8 bit. (H, W, 3)."""
    _check(restored, clean, 3)
    return _decibel(_error(restored, clean) + blocking(np.floor(luma(restored) + 0.5), counts))


def blocking(picture: np.ndarray, counts: Counts = "integer") -> float:
    """Blocking effect factor: how much larger squared steps at block borders are than elsewhere, 0 if not larger.

    (H, W) on the 0–255 scale -> grey levels squared.
    """
    height, width = picture.shape
    picture = picture.astype(np.float64)
    across, down = np.diff(picture, axis=1) ** 2, np.diff(picture, axis=0) ** 2
    at_borders = across[:, BLOCK - 1 :: BLOCK].sum() + down[BLOCK - 1 :: BLOCK].sum()
    elsewhere = across.sum() + down.sum() - at_borders
    borders = height * _borders(width, counts) + width * _borders(height, counts)
    others = across.size + down.size - borders
    excess = at_borders / borders - elsewhere / others
    return log2(BLOCK) / log2(min(height, width)) * max(0.0, float(excess))


def _borders(side: int, counts: Counts) -> float:
    return (side // BLOCK if counts == "integer" else side / BLOCK) - 1


def _error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean((a.astype(np.float64) - b) ** 2))


def _decibel(error: float) -> float:
    return 10 * log10(PEAK**2 / error) if error > 0 else inf


def _check(restored: np.ndarray, clean: np.ndarray, dimensions: int) -> None:
    expected = "(H, W)" if dimensions == 2 else "(H, W, 3)"
    if restored.shape != clean.shape or restored.ndim != dimensions or restored.shape[2:] not in ((), (3,)):
        raise ValueError(f"expected two pictures {expected} of one shape, got {restored.shape} and {clean.shape}")
    if min(restored.shape[:2]) < 2 * BLOCK:
        raise ValueError(f"PSNR-B needs sides of at least {2 * BLOCK} pixels, got {restored.shape}")
