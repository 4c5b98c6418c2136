"""The estimate of a shift: its accuracy, its sign, and what it does not claim."""

from functools import cache

import numpy as np
import pytest

from harmonic.degrade.blur import gaussian_blur
from harmonic.train.shift import shift_between
from harmonic.train.synthetic import synthetic_picture

FINE = 4  # steps of a quarter of a pixel


@cache
def large_scene(seed: int, side: int) -> np.ndarray:
    return synthetic_picture(np.random.default_rng(seed), side, side, "leaves").mean(2)


def shifted(seed: int, side: int, down: float, right: float) -> tuple[np.ndarray, np.ndarray]:
    """Two grey pictures (side, side) of one scene drawn FINE times larger, the second moved by exact fractions."""
    scene = large_scene(seed, side * FINE + 16)

    def view(y: float, x: float) -> np.ndarray:
        top, left = 8 - round(y * FINE), 8 - round(x * FINE)
        cut = scene[top : top + side * FINE, left : left + side * FINE]
        return cut.reshape(side, FINE, side, FINE).mean((1, 3))

    return view(0, 0), view(down, right)


def damaged(grey: np.ndarray, damage: str, rng: np.random.Generator) -> np.ndarray:
    match damage:
        case "blur":
            return gaussian_blur(np.repeat(grey[..., None], 3, 2) / 255, 2)[..., 0] * 255
        case "noise":
            return grey + rng.normal(0, 25, grey.shape)
        case "both":
            return gaussian_blur(np.repeat(grey[..., None], 3, 2) / 255, 1)[..., 0] * 255 + rng.normal(
                0, 15, grey.shape
            )
        case _:
            return grey


@pytest.mark.parametrize("damage, within", [("none", 0.03), ("blur", 0.12), ("noise", 0.12), ("both", 0.12)])
@pytest.mark.parametrize("down, right", [(0, 0), (0.25, 0), (0.5, -0.25), (1.5, 0.5), (-1.5, -1.5)])
def test_a_known_shift_is_found(damage, within, down, right):
    rng = np.random.default_rng(1)
    for seed in (0, 1):
        first, second = shifted(seed, 96, down, right)
        found = shift_between(first, damaged(second, damage, rng))
        assert found is not None
        assert np.abs(np.subtract(found, (down, right))).max() <= within


def test_many_whole_pixels_are_found():
    first, second = (synthetic_picture(np.random.default_rng(3), 300, 300, "leaves").mean(2) for _ in range(2))
    found = shift_between(first[:256, :256], np.roll(second, (21, -9), (0, 1))[:256, :256])
    assert found is not None and np.allclose(found, (21, -9), atol=0.1)


def test_nothing_is_claimed_without_common_structure():
    rng = np.random.default_rng(0)
    assert shift_between(np.full((96, 96), 7.0), rng.random((96, 96))) is None
    assert shift_between(rng.random((96, 96)), rng.random((96, 96))) is None
    assert shift_between(scene := large_scene(0, 96), scene) == (0, 0) and shift_between(scene[:60], scene[:60]) is None
