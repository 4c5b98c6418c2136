"""How far one picture is shifted against another, to a fraction of a pixel: phase correlation, then its peak enlarged.

Source: Kuglin and Hines, 1975; the peak by a matrix Fourier transform around it: Guizar-Sicairos, Thurman and Fienup,
Optics Letters 33(2), 2008.
"""

import numpy as np

LARGEST = 512
"""Pixels per side that are compared, from the middle of the picture."""

_STEPS = 50
"""Per pixel, of the enlarged peak."""

_SMOOTHEST, _NOISIEST = 0.015, 0.25
"""Cycles per pixel between which frequencies count: slower ones are light and window, faster ones noise."""


def shift_between(first: np.ndarray, second: np.ndarray) -> tuple[float, float] | None:
    """(down, right) in pixels: `second` shows what `first` shows, moved by so much. (H, W) grey each, any scale.

    Within 0.05 pixel on photographs, also where one of them is blurred or noisy (tests); found up to a quarter of the
    side. None when there is too little structure to tell, or none that both show.
    """
    first, second = (_middle(grey.astype(np.float64)) for grey in (first, second))
    if min(first.shape) < 16 or min(first.std(), second.std()) < 1e-3 * max(np.abs(first).max(), 1e-9):
        return None
    total = np.zeros(2)
    for _ in range(3):  # the window stays in place and draws the peak to 0: shift back and look again
        moved = _moved(second, -total)
        found = _peak(first, moved)
        if found is None:
            return None
        total += found
        if np.abs(found).max() < 0.5 / _STEPS:
            break
    return float(total[0]), float(total[1])


def _peak(first: np.ndarray, second: np.ndarray) -> np.ndarray | None:
    """(2,) of the shift, or None when no peak stands out."""
    window = np.hanning(first.shape[0])[:, None] * np.hanning(first.shape[1])
    a, b = (np.fft.fft2((grey - (grey * window).sum() / window.sum()) * window) for grey in (first, second))
    cross = b * a.conj()
    fy, fx = np.fft.fftfreq(first.shape[0])[:, None], np.fft.fftfreq(first.shape[1])[None]
    frequency = np.hypot(fy, fx)
    band = np.exp(-((frequency / _NOISIEST) ** 2)) * (frequency >= _SMOOTHEST)
    # Half-way to pure phase: noise would rule if all frequencies counted alike.
    weighted = cross / np.sqrt(np.abs(cross) + 1e-12 * np.abs(cross).max() + 1e-30) * band
    surface = np.fft.ifft2(weighted).real
    top = np.unravel_index(np.argmax(surface), surface.shape)
    if surface[top] < 6 * surface.std():
        return None
    coarse = np.array([t - n if t > n // 2 else t for t, n in zip(top, surface.shape, strict=True)], float)
    offsets = np.arange(-_STEPS, _STEPS + 1) / _STEPS
    rows = np.exp(2j * np.pi * (coarse[0] + offsets)[:, None] * fy.T)
    columns = np.exp(2j * np.pi * fx.T * (coarse[1] + offsets))
    fine = (rows @ weighted @ columns).real
    return coarse + offsets[np.array(np.unravel_index(np.argmax(fine), fine.shape))]


def _moved(grey: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Shifted by a fraction of a pixel through its spectrum; borders come in on the other side, under the window."""
    if not by.any():
        return grey
    fy, fx = np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1])[None]
    return np.fft.ifft2(np.fft.fft2(grey) * np.exp(-2j * np.pi * (fy * by[0] + fx * by[1]))).real


def _middle(grey: np.ndarray) -> np.ndarray:
    top, left = (max(0, side - LARGEST) // 2 for side in grey.shape)
    return grey[top : top + LARGEST, left : left + LARGEST]
