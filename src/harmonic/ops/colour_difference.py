"""Colour as people see it: CIE Lab and the CIEDE2000 difference, and how far a restorer shifts colours.

Source: Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", Color Research and Application 2005.
"""

from fractions import Fraction

import numpy as np

from harmonic.ops.resize import imresize

AREA = 16
"""Pixels a side over which colour is compared."""

_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _XYZ.sum(1)  # D65, so that white has no colour


def colour_shift(a: np.ndarray, b: np.ndarray) -> float:
    """Mean CIEDE2000 between both pictures at a sixteenth of their size: errors of detail are no shift, a cast is.

    (H, W, 3) sRGB on the 0–255 scale, shrunk by antialiased bicubic; about 1 is what people just see. Raises
    ValueError for other shapes.
    """
    if a.shape != b.shape or a.ndim != 3 or a.shape[2] != 3:
        raise ValueError(f"expected two pictures (H, W, 3) of one shape, got {a.shape} and {b.shape}")
    small = (imresize(picture.astype(np.float64), Fraction(1, AREA)) for picture in (a, b))
    x, y = (lab(picture) for picture in small)
    return float(delta_e_2000(x, y).mean())


def lab(picture: np.ndarray) -> np.ndarray:
    """(..., 3) sRGB on the 0–255 scale -> (..., 3) CIE L*, a*, b*, white D65. Values outside are cut off."""
    value = np.clip(picture.astype(np.float64) / 255, 0, 1)
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _XYZ.T / _WHITE
    x, y, z = np.moveaxis(np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def delta_e_2000(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """CIEDE2000 difference with all weights 1. (..., 3) and (..., 3) L*, a*, b* -> (...)"""
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.asarray(x, np.float64), -1, 0) for x in (first, second))
    stretch = 1 + 0.5 * (1 - _saturation((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0  # no hue to speak of
    turn = h2 - h1
    turn = np.where(grey, 0, np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn)))
    hue_step = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    far = np.abs(h1 - h2) > 180
    hue = np.where(grey, h1 + h2, (h1 + h2 + np.where(far, np.where(h1 + h2 < 360, 360, -360), 0)) / 2)
    t = 1 - 0.17 * _cos(hue - 30) + 0.24 * _cos(2 * hue) + 0.32 * _cos(3 * hue + 6) - 0.20 * _cos(4 * hue - 63)
    rotation = -2 * _saturation(chroma) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    dl = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = hue_step / (1 + 0.015 * chroma * t)
    return np.sqrt(np.maximum(dl * dl + dc * dc + dh * dh + rotation * dc * dh, 0))


def _saturation(chroma: np.ndarray) -> np.ndarray:
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _cos(degrees: np.ndarray) -> np.ndarray:
    return np.cos(np.radians(degrees))
