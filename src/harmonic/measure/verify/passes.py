"""Every crop under every damage, restored once: the figures that all checks of fidelity and of bands read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Bicubic, Blur, Degradation, Jpeg, Noise, Round
from harmonic.degrade.levels import SEVERITIES
from harmonic.measure.hmix import hmix_input
from harmonic.measure.verify.subject import Subject, parts_of, to_array
from harmonic.nn.parts import Parts
from harmonic.ops.band import cell_mean
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import high_band_energy, high_band_psnr, low_band_psnr, luma, psnr
from harmonic.ops.resize import imresize

MOST_DB = 100.0  # of equal pictures, as in P-CL-1
BINS = 24  # of a spectrum, from the mean to half a cycle per pixel

# Damage that is hardly seen: what it leaves of the texture, a network must leave too.
GENTLE: dict[str, tuple[Degradation, ...]] = {
    "faint noise": (Noise(sigma=5, clip=True), Round()),
    "faint blur": (Blur(sigma=0.6), Round()),
    "JPEG 85": (Jpeg(quality=85),),
}
ENLARGED: dict[str, tuple[Degradation, ...]] = {
    "bicubic": (),
    "bicubic, JPEG 60": (Jpeg(quality=60),),
}

Damage = Callable[[np.ndarray, int], np.ndarray]
"""(clean (h, w, 3) uint8, number of the crop) -> 8-bit input."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One crop under one damage. Quality in dB against the clean crop, MOST_DB where equal; of 8-bit pictures.

    start, output: the input (above scale 1 its fixed enlargement) and the output, uint8.
    before, after: their PSNR. low_…, high_…: the same
    of their low and high bands. low_kept: low band of the output against that of the input. without_hf, without_lf:
    PSNR of the output mixed anew without that part. energy: of the high band, clean, before and after; agreement: the
    inner product of the clean one and the one after.
    low_without_lf: PSNR of the low band without LF.
    low_change, low_by_lf: energy of the change of the picture shrunk by the side of a band cell, and its inner product
    with LF's change.
    remix: largest change of a cell mean when HF is left out. spectra: power by frequency, (3, BINS), clean, before and
    after.
    """

    case: str
    crop: int
    start: np.ndarray
    output: np.ndarray
    before: float
    after: float
    low_before: float
    low_after: float
    low_kept: float
    low_without_lf: float
    high_before: float
    high_after: float
    without_hf: float
    without_lf: float
    energy: tuple[float, float, float]
    agreement: float
    low_change: float
    low_by_lf: float
    remix: float
    spectra: np.ndarray

    @property
    def gain(self) -> float:
        return self.after - self.before


def damages(scale: int, blind: bool = True) -> dict[str, Damage]:
    """By name; the levels of HMIX come first, then what is hardly seen. Above scale 1 the input is shrunk.

    blind: with what only a network for damaged pictures promises to mend.
    """
    if scale > 1:
        shrink = Bicubic(scale=scale)
        return {name: _chain((shrink, *steps)) for name, steps in ENLARGED.items() if blind or not steps}
    clean: dict[str, Damage] = {"clean": lambda crop, number: crop}
    mixed: dict[str, Damage] = {s: _hmix(s) for s in SEVERITIES}
    return clean | mixed | {name: _chain(steps) for name, steps in GENTLE.items()}


def all_passes(subject: Subject, progress: Callable[[int, int], None] | None = None) -> list[Pass]:
    """progress: called with (done, all)."""
    plan = [(case, n) for case in damages(subject.scale, subject.blind) for n in range(len(subject.crops))]
    result = []
    for case, number in plan:
        result.append(run_pass(subject, case, number))
        if progress:
            progress(len(result), len(plan))
    return result


def run_pass(subject: Subject, case: str, number: int) -> Pass:
    clean = subject.crops[number]
    parts = parts_of(subject.deployed, damages(subject.scale)[case](clean, number))
    return figures(case, number, clean, parts, subject.network.config.cell)


def figures(case: str, number: int, clean: np.ndarray, parts: Parts, cell: int) -> Pass:
    """What is kept of a pass."""
    base, mixed = to_array(parts.base), to_array(parts.mix())
    before, after = to_uint8(base), to_uint8(mixed)
    change, by_lf = (_shrunk(to_array(part), cell) for part in (parts.lf + parts.hf, parts.lf))
    no_lf = to_uint8(to_array(parts.mix(structure=0)))
    energy = [high_band_energy(picture) for picture in (clean, before, after)]
    return Pass(
        case,
        number,
        start=before,
        output=after,
        before=decibel(psnr(before, clean)),
        after=decibel(psnr(after, clean)),
        low_before=decibel(low_band_psnr(before, clean)),
        low_after=decibel(low_band_psnr(after, clean)),
        low_kept=decibel(low_band_psnr(after, before)),
        low_without_lf=decibel(low_band_psnr(no_lf, clean)),
        high_before=decibel(high_band_psnr(before, clean)),
        high_after=decibel(high_band_psnr(after, clean)),
        without_hf=decibel(psnr(to_uint8(to_array(parts.mix(detail=0))), clean)),
        without_lf=decibel(psnr(no_lf, clean)),
        energy=(energy[0], energy[1], energy[2]),
        agreement=(energy[0] + energy[2] - high_band_energy(after.astype(np.float64) - clean)) / 2,
        low_change=float((change**2).sum()),
        low_by_lf=float((change * by_lf).sum()),
        remix=_remix(parts, cell),
        spectra=np.stack([spectrum(picture) for picture in (clean, before, after)]),
    )


def spectrum(picture: np.ndarray) -> np.ndarray:
    """Power of the luma by radial frequency, under a Hann window. (h, w, 3) uint8 -> (BINS,)"""
    y = luma(picture)
    window = np.hanning(y.shape[0])[:, None] * np.hanning(y.shape[1])
    power = np.abs(np.fft.rfft2((y - y.mean()) * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(y.shape[0])[:, None], np.fft.rfftfreq(y.shape[1]))
    place = np.minimum((radius * 2 * BINS).astype(int), BINS)  # the corners, beyond half a cycle, are left out
    total, count = (np.bincount(place.ravel(), weight, BINS + 1)[:BINS] for weight in (power.ravel(), None))
    return total / np.maximum(count, 1)


def mean(passes: Sequence[Pass], figure: Callable[[Pass], float]) -> float:
    """Over passes; not-a-number when there are none."""
    values = [figure(one) for one in passes]
    return float(np.mean(values)) if values else float("nan")


def energy_left(passes: Sequence[Pass], place: int = 2) -> float:
    """Energy of the high band after (2) or before (1), as a share of the clean one's.

    Of sums over crops, not a mean of shares: a crop with next to no texture has nothing to say.
    """
    clean, found = (sum(one.energy[i] for one in passes) for i in (0, place))
    return found / clean if clean else float("nan")


def best_factor(passes: Sequence[Pass]) -> float:
    """What the output's high band must be multiplied by to come closest to the clean one; 1 = it is right as it is."""
    after = sum(one.energy[2] for one in passes)
    return sum(one.agreement for one in passes) / after if after else float("nan")


def decibel(value: float) -> float:
    return min(MOST_DB, value)


def _shrunk(picture: np.ndarray, cell: int) -> np.ndarray:
    """A pixel per band cell, by antialiased bicubic: the measure's own low band, not the network's."""
    return imresize(picture.astype(np.float64), Fraction(1, cell))


def _remix(parts: Parts, cell: int) -> float:
    height, width = (side - side % cell for side in parts.base.shape[-2:])
    whole, without = (cell_mean(p[..., :height, :width], cell) for p in (parts.mix(), parts.mix(detail=0)))
    return float((whole - without).abs().max())


def _hmix(severity: str) -> Damage:
    return lambda crop, number: hmix_input(crop, f"crop-{number}", severity)  # type: ignore[arg-type]


def _chain(steps: tuple[Degradation, ...]) -> Damage:
    def damaged(crop: np.ndarray, number: int) -> np.ndarray:
        return to_uint8(degrade(to_float(crop, np.float64), steps, np.random.RandomState(number)))

    return damaged
