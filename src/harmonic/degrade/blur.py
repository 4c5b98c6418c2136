"""Blur with replicated edges: separable Gaussian (HMIX H4, P-DB-1), and any kernel."""

import numpy as np
import torch

RADIUS = 10  # 21 taps, RL-Restore's kernel size
IDENTITY_BELOW = 0.05  # pixels


def gaussian_taps(sigma: float) -> np.ndarray:
    """Standard deviation in pixels, > 0  ->  (21,) float64 weights that sum to 1."""
    t = np.arange(-RADIUS, RADIUS + 1, dtype=np.float64)
    weights = np.exp(-(t * t) / (2.0 * sigma * sigma))
    return weights / weights.sum()


def gaussian_blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    """(H, W, C) float -> same shape and dtype, rows (vertical) first, then columns."""
    if sigma < IDENTITY_BELOW:
        return picture
    taps = gaussian_taps(sigma)
    return _filter(_filter(picture, taps, axis=0), taps, axis=1)


def _filter(picture: np.ndarray, taps: np.ndarray, axis: int) -> np.ndarray:
    """Sum of shifted copies: exact in the order of the taps, and quicker than a sliding window."""
    # Taps too small to be seen by this dtype are left out: with sigma 1, 13 of 21 remain in float32.
    reach = int(np.flatnonzero(taps > 1e-3 * np.finfo(picture.dtype).eps)[-1]) - RADIUS
    pad = [(0, 0)] * picture.ndim
    pad[axis] = (reach, reach)
    padded = np.pad(picture, pad, mode="edge")
    length = picture.shape[axis]
    total = np.zeros_like(picture)
    product = np.empty_like(picture)
    for shift, tap in enumerate(taps[RADIUS - reach : RADIUS + reach + 1].astype(picture.dtype)):
        window = padded[shift : shift + length] if axis == 0 else padded[:, shift : shift + length]
        np.multiply(window, tap, out=product)
        total += product
    return total


def convolve(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(H, W, C) float and (k, k), k odd -> same shape and dtype, edge pixels replicated.

    Through the Fourier transform, which is quicker than sums from about 9 x 9 taps on and never much slower; torch's
    takes about a quarter of NumPy's time.
    """
    reach = len(kernel) // 2
    if reach == 0:
        return picture * picture.dtype.type(kernel.item())
    height, width = picture.shape[:2]
    padded = torch.from_numpy(np.pad(picture, ((reach, reach), (reach, reach), (0, 0)), mode="edge")).movedim(2, 0)
    # Wrapping spoils the outer `reach` samples only, so the padded picture is large enough.
    sizes = [_quick(side) for side in padded.shape[1:]]
    spectrum = torch.fft.rfft2(padded, sizes)
    spectrum *= torch.fft.rfft2(torch.from_numpy(kernel.astype(picture.dtype)), sizes)
    full = torch.fft.irfft2(spectrum, sizes)[:, 2 * reach :, 2 * reach :]
    return full[:, :height, :width].movedim(0, 2).contiguous().numpy()


def _quick(length: int) -> int:
    """The next length without prime factors above 5, for which the transform is quick."""
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 1
