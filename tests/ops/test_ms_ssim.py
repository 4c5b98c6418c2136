import numpy as np
import pytest
from skimage.metrics import structural_similarity

from harmonic.ops.ms_ssim import SMALLEST, WEIGHTS, ms_ssim
from harmonic.ops.quality import contrast_structure, ssim


def pair(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    a = rng.integers(0, 256, shape, dtype=np.uint8)
    return a, np.clip(a + rng.normal(0, 30, shape), 0, 255).astype(np.uint8)


def plain_terms(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """SSIM, and its part of contrast and structure, window by window."""
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    whole, part = [], []
    for y in range(a.shape[0] - 10):
        for x in range(a.shape[1] - 10):
            p, q = a[y : y + 11, x : x + 11].astype(float), b[y : y + 11, x : x + 11].astype(float)
            mean_p, mean_q = (window * p).sum(), (window * q).sum()
            var_p, var_q = (window * (p - mean_p) ** 2).sum(), (window * (q - mean_q) ** 2).sum()
            cov = (window * (p - mean_p) * (q - mean_q)).sum()
            cs = (2 * cov + 58.5225) / (var_p + var_q + 58.5225)
            whole.append((2 * mean_p * mean_q + 6.5025) / (mean_p**2 + mean_q**2 + 6.5025) * cs)
            part.append(cs)
    return float(np.mean(whole)), float(np.mean(part))


def test_contrast_and_structure_equal_the_plain_form():
    a, b = pair(14, 19)
    whole, part = plain_terms(a, b)
    assert ssim(a, b) == pytest.approx(whole, abs=1e-12)
    assert contrast_structure(a, b) == pytest.approx(part, abs=1e-12)


def test_it_is_the_product_over_five_halved_scales():
    a, b = pair(SMALLEST, 180)
    x, y, expected = a.astype(float), b.astype(float), 1.0
    for weight in WEIGHTS[:-1]:
        expected *= contrast_structure(x, y) ** weight
        x, y = (np.pad(p, [(0, n % 2) for n in p.shape], mode="edge") for p in (x, y))
        x, y = (p.reshape(p.shape[0] // 2, 2, p.shape[1] // 2, 2).mean((1, 3)) for p in (x, y))
    last = structural_similarity(
        x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )  # fmt: skip
    assert ms_ssim(a, b) == pytest.approx(expected * last ** WEIGHTS[-1], abs=1e-10)


def test_colour_is_the_mean_of_the_channels():
    a, b = pair(162, 161, 3)
    assert ms_ssim(a, b) == pytest.approx(np.mean([ms_ssim(a[..., c], b[..., c]) for c in range(3)]), abs=1e-12)
    assert ms_ssim(a, a) == pytest.approx(1, abs=1e-12)


def test_opposite_structure_counts_as_nothing_and_not_as_no_number():
    a, _ = pair(170, 170)
    assert ms_ssim(a, 255 - a) == 0


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match="161"):
        ms_ssim(*pair(160, 300))
