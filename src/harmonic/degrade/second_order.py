"""Damage of second order: blurred, resized, noisy and compressed, and then all that again (Real-ESRGAN).

Shares and ranges are those of its x4 and x2 training (Wang et al., ICCVW 2021; options train_realesrgan_x4plus.yml),
with three differences: Poisson noise counts 255 photons instead of the distinct values of a crop; JPEG is libjpeg's;
and at scale 1 pictures shrink to half in between, not to 0.15, since no enlargement is asked for in the end.
"""

from dataclasses import dataclass
from math import floor, pi

from harmonic.degrade.apply import Random
from harmonic.degrade.kinds import (
    AnisotropicBlur,
    Chain,
    Degradation,
    Jpeg,
    Noise,
    PoissonNoise,
    Resize,
    Round,
    Sinc,
    ToScale,
)
from harmonic.ops.interpolate import Kernel

_KERNELS: tuple[Kernel, ...] = ("area", "bilinear", "bicubic")
_SHRINK_AT_SCALE_1 = 0.5


@dataclass(frozen=True)
class Pass:
    """Ranges of one of the two passes. blur: its probability; sigma: pixels, from 0.2; up, down: shares of the samples
    that grow, up to `largest`, and shrink, down to `smallest`; noise: sigma from 1; poisson: scale from 0.05.
    """

    blur: float
    sigma: float
    up: float
    down: float
    largest: float
    smallest: float
    noise: float
    poisson: float


FIRST = Pass(blur=1.0, sigma=3.0, up=0.2, down=0.7, largest=1.5, smallest=0.15, noise=30, poisson=3.0)
SECOND = Pass(blur=0.8, sigma=1.5, up=0.3, down=0.4, largest=1.2, smallest=0.3, noise=25, poisson=2.5)


def sample_second_order(rng: Random, scale: int = 1) -> Chain:
    """A chain from the clean picture to its damaged form of 1/scale of the size; sides are to be multiples of scale."""
    steps: list[Degradation] = [_blur(rng, FIRST)]
    factor = _factor(rng, FIRST, scale)
    if factor != 1:
        steps.append(Resize(factor=factor, kernel=_kernel(rng)))
    steps += [_noise(rng, FIRST), _jpeg(rng)]
    if rng.random() < SECOND.blur:
        steps.append(_blur(rng, SECOND))
    steps += [ToScale(scale=scale / _factor(rng, SECOND, scale), kernel=_kernel(rng)), _noise(rng, SECOND)]
    last: list[Degradation] = [ToScale(scale=scale, kernel=_kernel(rng))]
    if rng.random() < 0.8:
        size = _size(rng)
        last.append(Sinc(cutoff=rng.uniform(pi / 3, pi), size=size))
    steps += [*last, _jpeg(rng)] if rng.random() < 0.5 else [_jpeg(rng), *last]
    return (*steps, Round())


def _blur(rng: Random, bounds: Pass) -> Degradation:
    size, kind = _size(rng), rng.random()
    if kind < 0.1:
        return Sinc(cutoff=rng.uniform(pi / 3 if size < 13 else pi / 5, pi), size=size)
    # The other nine tenths: Gaussian 0.45 round + 0.25 long, generalised 0.12 + 0.03, plateau 0.12 + 0.03.
    kind = (kind - 0.1) / 0.9
    if kind < 0.7:
        shape, beta, long = "gaussian", 1.0, 0.25 / 0.70
    elif kind < 0.85:
        shape, beta, long = "gaussian", rng.uniform(*((0.5, 1) if rng.random() < 0.5 else (1, 4))), 0.2
    else:
        shape, beta, long = "plateau", rng.uniform(*((1, 1) if rng.random() < 0.5 else (1, 2))), 0.2
    sigma = across = rng.uniform(0.2, bounds.sigma)
    angle = 0.0
    if rng.random() < long:
        across, angle = rng.uniform(0.2, bounds.sigma), rng.uniform(-pi, pi)
    return AnisotropicBlur(sigma=sigma, across=across, angle=angle, shape=shape, beta=beta, size=size)


def _size(rng: Random) -> int:
    """Taps on a side: odd, 7 to 21."""
    return 7 + 2 * floor(8 * rng.random())


def _factor(rng: Random, bounds: Pass, scale: int) -> float:
    kind = rng.random()
    if kind < bounds.up:
        return rng.uniform(1, bounds.largest)
    if kind < bounds.up + bounds.down:
        return rng.uniform(_SHRINK_AT_SCALE_1 if scale == 1 else bounds.smallest, 1)
    return 1.0


def _kernel(rng: Random) -> Kernel:
    return _KERNELS[floor(3 * rng.random())]


def _noise(rng: Random, bounds: Pass) -> Degradation:
    gaussian, grey = rng.random() < 0.5, rng.random() < 0.4
    if gaussian:
        return Noise(sigma=rng.uniform(1, bounds.noise), clip=True, grey=grey)
    return PoissonNoise(scale=rng.uniform(0.05, bounds.poisson), clip=True, grey=grey)


def _jpeg(rng: Random) -> Jpeg:
    return Jpeg(quality=30 + floor(66 * rng.random()))
