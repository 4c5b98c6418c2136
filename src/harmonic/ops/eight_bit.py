"""8- and 16-bit pictures and floats in [0, 1]: the one rounding rule of every metric and every degradation."""

import numpy as np


def to_uint8(picture: np.ndarray) -> np.ndarray:
    """Float picture, any shape, about [0, 1] -> uint8: clipped to [0, 1], times 255, rounded half up.

    Not-a-number becomes 0. Protocol C1 and H4: floor(255 x + 0.5).
    """
    scaled = np.clip(picture, 0.0, 1.0) * 255.0
    scaled += 0.5
    return np.nan_to_num(scaled, copy=False).astype(np.uint8)  # astype truncates, here equal to floor


def to_uint16(picture: np.ndarray) -> np.ndarray:
    """Float picture, any shape, about [0, 1] -> uint16 by the same rule, times 65535."""
    scaled = np.clip(picture, 0.0, 1.0) * 65535.0
    scaled += 0.5
    return np.nan_to_num(scaled, copy=False).astype(np.uint16)


def to_float(picture: np.ndarray, dtype: type[np.floating] = np.float32) -> np.ndarray:
    """uint8 or uint16 picture, any shape -> `dtype` in [0, 1], one division by 255 or 65535."""
    return picture.astype(dtype) / dtype(np.iinfo(picture.dtype).max)


def decoded(samples: np.ndarray) -> np.ndarray:
    """Samples of a picture, uint8, uint16 or float32 -> float32 in an array of their own; floats keep their values."""
    if samples.dtype == np.float32:
        return np.array(samples, order="C")
    return to_float(samples)


def encoded(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The way back: float32 -> samples of `dtype`, one of those three."""
    if dtype == np.uint8:
        return to_uint8(values)
    return to_uint16(values) if dtype == np.uint16 else values
