import numpy as np
import pytest

from harmonic.ops.gradient_similarity import gmsd

NOISE = np.random.default_rng(5).integers(0, 256, (17, 22), dtype=np.uint8)


def plain(a: np.ndarray, b: np.ndarray) -> float:
    """The authors' code, pixel by pixel."""

    def at(picture, y, x):
        return float(picture[y, x]) if 0 <= y < len(picture) and 0 <= x < len(picture[0]) else 0.0

    def half(p):
        rows, columns = -(-p.shape[0] // 2), -(-p.shape[1] // 2)
        cells = [[(2 * y, 2 * x), (2 * y + 1, 2 * x), (2 * y, 2 * x + 1), (2 * y + 1, 2 * x + 1)]
                 for y in range(rows) for x in range(columns)]  # fmt: skip
        return np.array([sum(at(p, *place) for place in cell) / 4 for cell in cells]).reshape(rows, columns)

    def gradient(p, y, x):
        across = sum(at(p, y + k, x + 1) - at(p, y + k, x - 1) for k in (-1, 0, 1)) / 3
        down = sum(at(p, y + 1, x + k) - at(p, y - 1, x + k) for k in (-1, 0, 1)) / 3
        return (across**2 + down**2) ** 0.5

    p, q = half(a), half(b)
    pairs = [(gradient(p, y, x), gradient(q, y, x)) for y in range(p.shape[0]) for x in range(p.shape[1])]
    return float(np.std([(2 * s * t + 170) / (s * s + t * t + 170) for s, t in pairs], ddof=1))


def test_it_equals_the_plain_form():
    other = np.clip(NOISE + np.random.default_rng(6).normal(0, 40, NOISE.shape), 0, 255)
    assert gmsd(NOISE, other) == pytest.approx(plain(NOISE, other), abs=1e-12)


def test_equal_pictures_deviate_nowhere_and_even_damage_counts_less_than_uneven():
    assert gmsd(NOISE, NOISE) == 0
    ramp = np.tile(10.0 * np.arange(24), (24, 1))
    uneven = ramp.copy()
    uneven[:, 12:] = ramp[:, 12:13]
    assert 0 < gmsd(ramp, 0.8 * ramp) < gmsd(ramp, uneven)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        gmsd(NOISE, NOISE[1:])
