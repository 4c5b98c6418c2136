"""Validation during training: a few crops, some damages, PSNR of the saved weights, restored as users restore."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Bicubic, Blur, Degradation, Jpeg, Noise, Round
from harmonic.degrade.second_order import sample_second_order
from harmonic.ops.cells import whole_cells
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import high_band_energy, low_band_psnr, psnr

CASES: dict[str, tuple[Degradation, ...]] = {
    "noise25": (Noise(sigma=25),),
    "jpeg10": (Jpeg(quality=10),),
    "blur2": (Blur(sigma=2), Round()),
    "mix": (Blur(sigma=1), Noise(sigma=15, clip=True), Round(), Jpeg(quality=40)),
    "clean": (),
}
MOST_DB = 100.0  # of an untouched picture, as in P-CL-1
LEAST_ENERGY = 1 / 12  # what rounding to 8 bit leaves; a target with less is flat

Case = list[tuple[np.ndarray, np.ndarray]]
"""Inputs (h, w, 3) float32 about [0, 1] and their targets (scale·h, scale·w, 3) uint8."""

Restore = Callable[[np.ndarray], np.ndarray]
"""(h, w, 3) float32 about [0, 1] -> (scale·h, scale·w, 3) float32."""


def cases(crops: Sequence[np.ndarray], scale: int, real: bool = False) -> dict[str, Case]:
    """What is validated on, by name; the same every time. Above scale 1 inputs are shrunk by the exact bicubic.

    real: with a case of damage of second order, a chain of its own for each crop.
    """
    chains = CASES if scale == 1 else {"bicubic": (Bicubic(scale=scale),)}
    found = {name: [_pair(crop, chain, scale, i) for i, crop in enumerate(crops)] for name, chain in chains.items()}
    if real:
        drawn = [sample_second_order(np.random.RandomState(i), scale) for i in range(len(crops))]
        found["real"] = [_pair(crop, drawn[i], scale, len(crops) + i) for i, crop in enumerate(crops)]
    return found


def validate(restore: Restore, cases: Mapping[str, Case]) -> dict[str, float]:
    """Mean PSNR in dB per case, of 8-bit outputs, and the mean over the damages.

    Beside `real`, inputs of the case `bicubic` count as undamaged.
    """
    result = {}
    for name, pairs in cases.items():
        figures = [min(MOST_DB, psnr(to_uint8(restore(lq)), target)) for lq, target in pairs]
        result[name] = float(np.mean(figures))
    sound = ("clean", "bicubic") if "real" in cases else ("clean",)
    result["mean"] = float(np.mean([figure for name, figure in result.items() if name not in sound]))
    return result


def texture_figures(plain: Restore, textured: Restore, cases: Mapping[str, Case]) -> dict[str, float]:
    """What generated texture does, means over the damaged cases.

    plain_energy, textured_energy: of the high band, as a share of the target's. textured_mean: PSNR in dB.
    low_drift: PSNR in dB of the 4x-down-sampled output with texture less that without.
    """
    figures: dict[str, list[float]] = {"plain_energy": [], "textured_energy": [], "textured_mean": [], "low_drift": []}
    for lq, target in (pair for name, pairs in cases.items() if name != "clean" for pair in pairs):
        without, along = (to_uint8(restore(lq)) for restore in (plain, textured))
        truth = max(LEAST_ENERGY, high_band_energy(target))
        figures["plain_energy"].append(high_band_energy(without) / truth)
        figures["textured_energy"].append(high_band_energy(along) / truth)
        figures["textured_mean"].append(min(MOST_DB, psnr(along, target)))
        drifted, plain_low = (min(MOST_DB, low_band_psnr(picture, target)) for picture in (along, without))
        figures["low_drift"].append(drifted - plain_low)
    return {name: float(np.mean(values)) for name, values in figures.items()}


def _pair(crop: np.ndarray, chain: Sequence[Degradation], scale: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """A degraded crop and the crop itself, cut to whole input pixels."""
    clean = whole_cells(crop, scale)
    return degrade(to_float(clean), chain, np.random.RandomState(index)), clean
