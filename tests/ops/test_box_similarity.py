"""SSIM over boxes; its golden values on noisy pictures stand in `measure/test_suites.py`."""

import numpy as np
import pytest

from harmonic.ops.box_similarity import SIDE, box_ssim
from harmonic.ops.quality import ssim

RNG = np.random.default_rng(4)
CLEAN = RNG.integers(0, 256, (19, 23, 3), dtype=np.uint8)


def _by_loops(a: np.ndarray, b: np.ndarray) -> float:
    """One channel, as the paper writes it."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = []
    for i in range(a.shape[0] - SIDE + 1):
        for j in range(a.shape[1] - SIDE + 1):
            x, y = (p[i : i + SIDE, j : j + SIDE].astype(float).ravel() for p in (a, b))
            (vx, cov), (_, vy) = np.cov(x, y, ddof=1)
            mx, my = x.mean(), y.mean()
            found.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return float(np.mean(found))


def test_it_is_the_definition_averaged_over_channels():
    noisy = (CLEAN + RNG.normal(0, 20, CLEAN.shape)).clip(0, 255)
    expected = np.mean([_by_loops(CLEAN[..., c], noisy[..., c]) for c in range(3)])
    assert box_ssim(CLEAN, noisy) == pytest.approx(expected, abs=1e-9)
    assert box_ssim(CLEAN[..., 0], noisy[..., 0]) == pytest.approx(_by_loops(CLEAN[..., 0], noisy[..., 0]), abs=1e-9)
    assert abs(box_ssim(CLEAN, noisy) - ssim(CLEAN, noisy)) > 1e-4, "another measure"


def test_equal_pictures_have_1_and_misfits_are_refused():
    assert box_ssim(CLEAN, CLEAN) == pytest.approx(1)
    with pytest.raises(ValueError, match="one shape"):
        box_ssim(CLEAN, CLEAN[:-1])
    with pytest.raises(ValueError, match="at least 7"):
        box_ssim(CLEAN[:6], CLEAN[:6])
