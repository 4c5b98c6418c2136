"""How much of each degradation a sample carries, 0 to 1: what the routers of experts are taught (design §3.7)."""

from collections.abc import Iterable

import numpy as np

from harmonic.degrade.kinds import Blur, Degradation, Jpeg, Noise

_FULL_NOISE, _FULL_BLUR, _BEST_QUALITY = 50.0, 3.0, 95
_FLAT = 1e-5  # mean square of detail below which there is no texture to lose, about one grey level


def strengths(chain: Iterable[Degradation]) -> tuple[float, float, float]:
    """Noise, blur and compression of a chain: 0 none, 1 sigma 50 / sigma 3 pixels / JPEG quality 10 and worse."""
    noise = blur = compression = 0.0
    for step in chain:
        match step:
            case Noise(sigma=sigma):
                noise = max(noise, sigma / _FULL_NOISE)
            case Blur(sigma=sigma):
                blur = max(blur, sigma / _FULL_BLUR)
            case Jpeg(quality=quality):
                compression = max(compression, (_BEST_QUALITY - quality) / (_BEST_QUALITY - 10))
            case _:
                pass
    return min(noise, 1.0), min(blur, 1.0), min(max(compression, 0.0), 1.0)


def texture_lost(degraded: np.ndarray, clean: np.ndarray) -> float:
    """Share of the clean picture's fine detail that is no longer in the degraded one. (H, W, 3) in [0, 1] both

    The coefficient of the clean detail in the degraded one: noise adds to detail without taking any away.
    """
    before, after = _detail(clean), _detail(degraded)
    energy = float(np.mean(before * before))
    if energy < _FLAT:
        return 0.0
    return float(np.clip(1 - np.mean(before * after) / energy, 0, 1))


def _detail(picture: np.ndarray) -> np.ndarray:
    """Grey minus the mean of its four neighbours; the border is left out."""
    grey = picture.mean(2)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return grey[1:-1, 1:-1] - around / 4
