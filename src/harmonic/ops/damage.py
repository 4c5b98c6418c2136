"""How damaged a single picture is, by estimators that need neither a reference nor training.

All take planes (H, W) on the 0–255 scale and are made for photographs: fine regular texture passes for noise, and what
is soft by intention, for blur.
"""

from fractions import Fraction
from math import pi, sqrt

import numpy as np

_CELL = 32
_BLOCK = 8
_REBLUR = 9
_FACTORS = {  # frequency in cycles per pixel -> the two common factors that leave it
    Fraction(1, 4): (4 / 3, 4.0),
    Fraction(1, 3): (1.5, 3.0),
    Fraction(2, 5): (5 / 3, 2.5),
    Fraction(1, 2): (2.0, 2.0),
}
_PEAK = 20.0  # over the median of the spectrum; photographs as they are stay below 12, most enlarged ones begin at 45


def noise_level(plane: np.ndarray) -> float:
    """Standard deviation of white noise, in grey levels; 0 for pictures of less than 3 pixels a side.

    Source: Immerkaer, "Fast noise variance estimation", CVIU 1996, in cells of 32 x 32, of which the lower quartile is
    taken: noise is everywhere, texture is not. Clean photographs score 0.5 to 3; clipping hides some strong noise.
    """
    if min(plane.shape) < 3:
        return 0.0
    p = plane.astype(np.float64)
    rows = p[:-2] - 2 * p[1:-1] + p[2:]
    response = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    height, width = (side // _CELL for side in response.shape)
    cells = response[: height * _CELL, : width * _CELL].reshape(height, _CELL, width, _CELL).mean((1, 3))
    typical = np.percentile(cells, 25) if cells.size else response.mean()
    return float(sqrt(pi / 2) / 6 * typical)


def sharpness(plane: np.ndarray) -> float:
    """0 (nothing is left to blur) to 1: the share of the steps between neighbours that a blur would take away.

    One less the measure of Crete et al., "The blur effect", SPIE 2007, with its 9 taps. Photographs score 0.65 to 0.85,
    blurred by sigma 2 about 0.25; noise counts as sharp, so look at `noise_level` first.
    """
    p = plane.astype(np.float64)
    scores = []
    for lines in (p, p.T):
        if lines.shape[1] > 1:
            wide = np.pad(lines, ((0, 0), (_REBLUR // 2 + 1, _REBLUR // 2)), mode="edge").cumsum(1)
            blurred = (wide[:, _REBLUR:] - wide[:, :-_REBLUR]) / _REBLUR
            steps, after = (np.abs(np.diff(x, axis=1)) for x in (lines, blurred))
            if total := steps.sum():
                scores.append(float(np.maximum(steps - after, 0).sum() / total))
    return min(scores, default=0.0)


def blockiness(plane: np.ndarray) -> float:
    """How much larger steps across the borders of JPEG's 8 x 8 blocks are than elsewhere; 1 = no blocks to be seen.

    The grid starts at the corner; a picture that was cropped otherwise shows none. Steps are compared with all others
    and with those half a block away, which enlarging by 2 or 4 changes alike. Half a grey level is added to both.
    """
    ratios = []
    for lines in (plane.astype(np.float64), plane.T.astype(np.float64)):
        steps = np.abs(np.diff(lines, axis=1)).mean(0)
        if len(steps) >= 2 * _BLOCK:
            phases = np.array([steps[i::_BLOCK].mean() for i in range(_BLOCK)])
            others = max(phases[: _BLOCK - 1].mean(), phases[_BLOCK // 2 - 1])
            ratios.append((phases[-1] + 0.5) / (others + 0.5))
    return float(max(1.0, np.mean(ratios))) if ratios else 1.0


def enlarged_by(plane: np.ndarray) -> float | None:
    """By how much the picture was enlarged with a usual kernel, where it was one of the common factors.

    Interpolated pixels differ in how strongly they vary, with a period that the factor decides. Source: Gallagher,
    "Detection of linear and cubic interpolation in JPEG compressed images", CRV 2005; first differences beside his
    second ones, which tell nothing at a factor of 2. Two factors share each period; how far detail reaches decides,
    though 5/3 often passes for 5/2. Noise, JPEG or reduction afterwards hide it: None means unknown, not no.
    """
    if min(plane.shape) < 64:
        return None
    heights = dict.fromkeys(_FACTORS, 0.0)
    for lines in (plane.astype(np.float64), plane.T.astype(np.float64)):
        for order in (1, 2):
            variation = np.abs(np.diff(lines, n=order, axis=1)).mean(0)
            for frequency, height in _peaks(np.log(variation + 0.1)).items():
                heights[frequency] = max(heights[frequency], height)
    highest = max(heights, key=lambda frequency: heights[frequency])
    if heights[highest] < _PEAK:
        return None
    small, large = _FACTORS[highest]
    return small if _reaches_beyond(plane, large) else large


def _reaches_beyond(plane: np.ndarray, factor: float) -> bool:
    """Whether there is detail that a picture enlarged by this factor cannot have, but for what its kernel lets pass."""
    p = plane - plane.mean()
    power = np.abs(np.fft.rfft(p * np.hanning(p.shape[1]), axis=1)) ** 2
    frequency = np.arange(power.shape[1]) / p.shape[1] * factor  # of the picture before
    below, above = (power[:, np.abs(frequency - centre) < 0.05].mean() for centre in (0.2, 0.8))
    return bool(above > 0.007 * below)


def _peaks(signal: np.ndarray) -> dict[Fraction, float]:
    """Height of the spectrum at the frequency of each factor, over its median; 0 where blocks of JPEG explain it."""
    smooth = np.convolve(np.pad(signal, _BLOCK, mode="edge"), np.ones(2 * _BLOCK + 1) / (2 * _BLOCK + 1), "valid")
    spectrum = np.abs(np.fft.rfft((signal - smooth) * np.hanning(len(signal))))
    median = float(np.median(spectrum[len(spectrum) // 3 :])) or 1.0

    def height(frequency: Fraction) -> float:
        place = round(frequency * len(signal))
        return float(spectrum[max(place - 1, 0) : place + 2].max()) / median

    blocks = 3 * max(height(Fraction(1, _BLOCK)), height(Fraction(3, _BLOCK)))
    heights = {frequency: height(frequency) for frequency in _FACTORS}
    return {f: 0.0 if (_BLOCK * f).denominator == 1 and h < blocks else h for f, h in heights.items()}
