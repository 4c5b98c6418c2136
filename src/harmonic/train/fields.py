"""Synthetic pictures that are functions of the place: waves, gradients, random textures. Antialiased by formula.

Waves are drawn from their phase: its gradient is known, so that an edge is as wide as a pixel whatever the slope, and
no wave is finer than the grid can hold.
"""

import numpy as np

from harmonic.train.colours import LUMA_RANGE, between, contrasting, palette, to_rgb

FINEST = 0.45
"""Highest frequency of a wave, in cycles per pixel; the grid holds 0.5."""


def gratings(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Waves of any direction and frequency: straight, bent, chirps, rings, plaids; soft, or square with any duty.

    -> (height, width, 3) float32 in [0, 255], as all functions here.
    """
    wave = _wave(rng, height, width)
    if rng.random() < 0.2:
        other = _wave(rng, height, width)
        wave = wave * other if rng.random() < 0.5 else (wave + other) / 2
    if rng.random() < 0.3:  # contrast that comes and goes, down to nothing
        wave = wave * _unit(_field(rng, height, width, slope=4))
    return between(contrasting(rng), 0.5 + 0.5 * wave)


def flat_areas(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """One colour, a gradient between two, or soft clouds: what a network should leave alone."""
    match rng.choice(3, p=[0.2, 0.5, 0.3]):
        case 0:
            share = np.zeros((height, width))
        case 1:
            share = _ramp(rng, height, width) ** rng.uniform(0.5, 2)
        case _:
            share = _unit(_field(rng, height, width, slope=rng.uniform(4, 6)))
    return between(contrasting(rng, least=4, most=rng.choice([30, 120])), share)


def textures(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Random textures, fine to coarse: rough as 1/f, in a band (grain), brushed, or in two tones (gravel, spots)."""
    if rng.random() < 0.25:  # of smooth fields only, whose border a pixel can follow
        slope, band = rng.uniform(2.5, 3.5), rng.uniform(0.03, 0.12) if rng.random() < 0.5 else None
        field = _field(rng, height, width, slope=slope, band=band)
        return between(contrasting(rng), _steps(field, rng.uniform(-0.8, 0.8)))
    field = texture_field(rng, height, width)
    luma = rng.uniform(60, 195) + rng.uniform(10, 65) * np.tanh(0.6 * field)  # saturates softly
    tint = _field(rng, height, width, slope=2)[..., None] * rng.normal(0, 3, 2)
    return to_rgb(np.clip(luma, *LUMA_RANGE), rng.normal(0, 15, 2) + tint).astype(np.float32)


def texture_field(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(height, width) of mean 0 and deviation 1: noise of a random spectrum in one direction or all, or two of them."""
    field = _one_texture(rng, height, width)
    if rng.random() < 0.4:
        field = (field + _one_texture(rng, height, width)) / np.sqrt(2)
    return field


def _one_texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    stretch, turn = (np.exp(rng.uniform(0, 2)), rng.uniform(0, np.pi)) if rng.random() < 0.4 else (1.0, 0.0)
    if rng.random() < 0.6:  # not flatter than 1: that would teach to keep noise
        return _field(rng, height, width, slope=rng.uniform(1, 1.9), stretch=stretch, turn=turn)
    return _field(rng, height, width, band=np.exp(rng.uniform(np.log(0.04), np.log(0.35))), stretch=stretch, turn=turn)


def illumination(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(height, width, 3) float32 about 1, slowly varying: light that falls unevenly on a scene."""
    return (1 - rng.uniform(0, 0.35) * _ramp(rng, height, width)).astype(np.float32)[..., None]


def backdrop(rng: np.random.Generator, height: int, width: int, colour: np.ndarray) -> np.ndarray:
    """A colour (3,) that shades into a related one, (height, width, 3) float32."""
    other = np.clip(colour + rng.normal(0, 12) + rng.normal(0, 4, 3), 0, 255)
    return between(np.stack([colour, other]), _ramp(rng, height, width))


def two_toned(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Blotches of three colours with soft borders: a quiet, photograph-like ground."""
    first, second, third = palette(rng, 3)
    ground = between(np.stack([first, second]), _unit(_field(rng, height, width, slope=3)))
    share = _unit(_field(rng, height, width, slope=3))[..., None].astype(np.float32)
    return ground * (1 - share) + third.astype(np.float32) * share


def _wave(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A wave in [-1, 1] whose local frequency stays below FINEST."""
    y, x = _grid(height, width)
    frequency = np.exp(rng.uniform(np.log(0.012), np.log(FINEST)))
    turn = rng.uniform(0, np.pi)
    along = np.cos(turn) * x + np.sin(turn) * y
    match rng.choice(4, p=[0.4, 0.2, 0.2, 0.2]):
        case 0:
            phase = frequency * along
        case 1:  # chirp: from half of the frequency to all of it
            length = np.ptp(along) or 1.0
            along = along - along.min()
            phase = frequency * along * (1 + along / length) / 2
        case 2:  # rings about a point that may lie outside
            phase = frequency * np.hypot(y - rng.uniform(-0.5, 1.5) * height, x - rng.uniform(-0.5, 1.5) * width)
        case _:  # bent
            phase = frequency * (along + rng.uniform(0.02, 0.15) * max(height, width) * _field(rng, height, width, 5))
    phase = 2 * np.pi * (phase + rng.random())
    slope = np.hypot(*_gradient(phase))
    fits = np.clip((2 * np.pi * 0.5 - slope) / (2 * np.pi * (0.5 - FINEST)), 0, 1)  # fades out where too fine
    if rng.random() < 0.5:
        return np.sin(phase) * fits
    # Signed distance to the nearest edge in pixels, as the share of the pixel that is covered: one pixel wide.
    duty = np.pi / 2 * rng.uniform(-0.6, 0.6)
    distance = (np.arcsin(np.sin(phase)) - duty) / np.maximum(slope, 1e-6)
    return np.clip(2 * distance, -1, 1) * fits


def _ramp(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(height, width) from 0 to 1 along a random direction."""
    y, x = _grid(height, width)
    turn = rng.uniform(0, 2 * np.pi)
    return _unit(np.cos(turn) * x + np.sin(turn) * y)


def _gradient(phase: np.ndarray) -> list[np.ndarray]:
    """Down and right, per pixel; nothing along a side of one pixel."""
    return [np.gradient(phase, axis=axis) if phase.shape[axis] > 1 else np.zeros_like(phase) for axis in (0, 1)]


def _field(
    rng: np.random.Generator,
    height: int,
    width: int,
    slope: float = 0.0,
    band: float | None = None,
    stretch: float = 1.0,
    turn: float = 0.0,
) -> np.ndarray:
    """Gaussian noise with amplitudes as 1 / frequency^slope, or within an octave about `band` (cycles per pixel).

    stretch: how much longer than wide its grains are; turn: their direction in radians. Mean 0, deviation 1.
    """
    # Made larger and cut, since the transform would join opposite borders; multiples of 16 transform quickly.
    sides = [side + side // 5 + 16 & ~15 for side in (height, width)]
    y, x = np.fft.fftfreq(sides[0])[:, None], np.fft.rfftfreq(sides[1])[None]
    along, across = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    frequency = np.hypot(along * stretch, across)
    if band is None:
        weight = np.maximum(frequency, 1 / max(sides)) ** -slope
    else:
        weight = np.exp(-((np.log(np.maximum(frequency, 1e-6) / band) / 0.35) ** 2))
    weight[0, 0] = 0
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(sides)) * weight, s=sides)[:height, :width]
    return (noise - noise.mean()) / max(noise.std(), 1e-9)


def _steps(field: np.ndarray, level: float) -> np.ndarray:
    """0 below `level`, 1 above, with edges a pixel wide."""
    slope = np.hypot(*_gradient(field))
    return np.clip(0.5 + (field - level) / np.maximum(slope, 1e-3), 0, 1)


def _unit(values: np.ndarray) -> np.ndarray:
    """Shifted and scaled to [0, 1]; all 0 when it is constant."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:height, :width].astype(np.float64)
    return y, x
