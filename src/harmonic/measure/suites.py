"""The benchmark suites: which damage, at which settings, under which protocol.

All are blind: the restorer sees the degraded picture and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

from harmonic.degrade.apply import degrade
from harmonic.degrade.codecs import jpeg
from harmonic.degrade.kinds import Blur, Degradation, Jpeg, Noise, Round
from harmonic.degrade.levels import SEVERITIES
from harmonic.degrade.second_order import sample_second_order
from harmonic.errors import UsageError
from harmonic.measure.hmix import hmix_input
from harmonic.measure.keyed import random_of
from harmonic.measure.sets import SetName
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.resize import imresize

SEED = 0

Colour = Literal["RGB", "Y of RGB", "grey"]
"""What is compared: all channels, the luma of colour pictures (C4, unrounded), or pictures that are grey throughout."""


Damage = Callable[[np.ndarray, str], np.ndarray]
"""(clean (H, W, 3) or (H, W) uint8, picture name) -> uint8, or floats about [0, 1], smaller by the setting's scale."""


@dataclass(frozen=True)
class Setting:
    """One column of a published table.

    damage: of any picture by itself. in_order: makes the damage of a whole set, whose pictures come in order, where one
    source of random numbers goes on from picture to picture. scale: enlargement asked of the restorer, None = any.
    published: the setting's name in tables of others.
    """

    name: str
    damage: Damage
    scale: int | None = 1
    published: str = ""
    in_order: Callable[[], Damage] | None = None

    def begin(self) -> Damage:
        """For one set."""
        return self.in_order() if self.in_order else self.damage


@dataclass(frozen=True)
class Suite:
    """Settings under one protocol.

    identical: dB that an output equal to the clean picture counts; None = left out. measures: taken besides PSNR and
    SSIM (`measures.py`). task: rows of published tables that may stand beside it. reference: clean pictures exist.
    inputs_only: no picture that a network could be given, only the published row of the input itself. sides: pictures
    are cut around their middle to multiples of this. rounded: PSNR is of 8-bit outputs (C1), not of floats in [0, 1].
    """

    name: str
    protocol: str
    randomness: str
    sets: tuple[SetName, ...]
    settings: tuple[Setting, ...]
    identical: float | None = None
    colour: Colour = "RGB"
    measures: tuple[str, ...] = ()
    task: str | None = None
    reference: bool = True
    inputs_only: bool = False
    sides: int = 1
    rounded: bool = True


def bicubic_input(clean: np.ndarray, name: str, scale: int) -> np.ndarray:
    """P-SR-2 to P-SR-4: 8 bit to 8 bit, rounded after each pass. Sides are multiples of `scale`"""
    return imresize(clean, Fraction(1, scale))


def bicubic_luma(clean: np.ndarray, name: str, scale: int) -> np.ndarray:
    """P-SR-8: shrunk from 8-bit luma without rounding. (H, W) uint8 -> float64 about [0, 1]"""
    return imresize(to_float(clean, np.float64), Fraction(1, scale))


def gaussian_noise(clean: np.ndarray, name: str, sigma: float) -> np.ndarray:
    """P-DN-1: unclipped, unrounded float32, the seed set anew for each picture."""
    rng = np.random.RandomState(SEED)
    return degrade(to_float(clean, np.float64), [Noise(sigma=sigma)], rng).astype(np.float32)


def truncated_noise(clean: np.ndarray, name: str, sigma: float, rng: np.random.RandomState | None = None) -> np.ndarray:
    """P-AIO-3: clipped and cut off to 8 bits. rng: goes on from picture to picture; None = as the first of a set."""
    noise = (rng or np.random.RandomState(SEED)).randn(*clean.shape)
    return np.clip(clean + noise * sigma, 0, 255).astype(np.uint8)


def noise_of_a_set(sigma: float) -> Damage:
    """One stream for a set in order of names, as P-AIO-3 has it."""
    return partial(truncated_noise, sigma=sigma, rng=np.random.RandomState(SEED))


def grey_jpeg(clean: np.ndarray, name: str, quality: int) -> np.ndarray:
    """P-JP-1: a grey file, no chroma. (H, W) uint8 -> the same"""
    return jpeg(clean, quality, "4:2:0")


def eight_bit(clean: np.ndarray, name: str, steps: tuple[Degradation, ...]) -> np.ndarray:
    """A chain without random draws, from 8 bit to 8 bit, in float64 between."""
    rng = np.random.RandomState(SEED)
    return to_uint8(degrade(to_float(clean, np.float64), steps, rng))


def second_order(clean: np.ndarray, name: str, scale: int) -> np.ndarray:
    """Damage of Real-ESRGAN's ranges, blurred, resized, noisy and compressed twice, drawn by the picture's name."""
    rng = random_of(f"SECOND-ORDER-1/{name}/x{scale}")
    return to_uint8(degrade(to_float(clean, np.float64), sample_second_order(rng, scale), rng))


def untouched(clean: np.ndarray, name: str) -> np.ndarray:
    return clean


QUALITIES = (10, 20, 30, 40)

SUITES = (
    Suite(
        "sr",
        "P-SR-5",
        "none",
        ("Set5", "Set14", "B100"),
        tuple(Setting(f"x{s}", partial(bicubic_input, scale=s), s, f"x{s}") for s in (2, 3, 4)),
        colour="Y of RGB",
        task="sr",
    ),
    Suite(
        "sr",
        "P-SR-8, luma alone",
        "none",
        ("Set5", "Set14", "B100"),
        tuple(Setting(f"x{s}", partial(bicubic_luma, scale=s), s, f"x{s}") for s in (2, 3, 4)),
        colour="grey",
        task="sr",
        inputs_only=True,
    ),
    Suite(
        "denoise",
        "P-DN-1",
        f"numpy.random.RandomState({SEED}) before each picture",
        ("CBSD68",),
        tuple(Setting(f"sigma {s}", partial(gaussian_noise, sigma=s), published=f"sigma{s}") for s in (15, 25, 50)),
        task="denoise-awgn-color",
    ),
    Suite(
        "jpeg",
        "P-JP-2, 4:2:0",
        "none",
        ("LIVE1",),
        tuple(
            Setting(f"quality {q}", partial(eight_bit, steps=(Jpeg(quality=q),)), published=f"q{q}") for q in QUALITIES
        ),
        measures=("psnr_b_channels", "psnr_b_luma"),
        task="jpeg-color",
    ),
    Suite(
        "jpeg",
        "P-JP-1, grey",
        "none",
        ("LIVE1", "Classic5"),
        tuple(Setting(f"quality {q}", partial(grey_jpeg, quality=q), published=f"q{q}") for q in QUALITIES),
        colour="grey",
        measures=("psnr_b", "psnr_b_real"),
        task="jpeg-gray",
    ),
    Suite(
        "deblur",
        "P-DB-1, noise-free, 8-bit",
        "none",
        ("CBSD68",),
        tuple(Setting(f"sigma {s}", partial(eight_bit, steps=(Blur(sigma=s), Round()))) for s in (1.0, 1.6, 2.0, 3.0)),
    ),
    Suite(
        "hmix",
        "HMIX-1",
        "Philox keyed by picture name and severity",
        ("LIVE1",),
        tuple(Setting(s, partial(hmix_input, severity=s)) for s in SEVERITIES),
    ),
    Suite(
        "all-in-one",
        "P-AIO, 8-bit noise, middles, outputs as floats",
        f"one numpy.random.RandomState({SEED}) for the set at each sigma",
        ("CBSD68",),
        tuple(
            Setting(
                f"sigma {s}",
                partial(truncated_noise, sigma=s),
                published=f"sigma{s}",
                in_order=partial(noise_of_a_set, s),
            )
            for s in (15, 25, 50)
        ),
        measures=("ssim_box",),
        task="all-in-one-3",
        sides=16,
        rounded=False,
    ),
    Suite(
        "clean",
        "P-CL-1",
        "none",
        ("LIVE1",),
        (Setting("undamaged", untouched),),
        identical=100.0,
    ),
    Suite(
        "second-order",
        "SECOND-ORDER-1",
        "Philox keyed by picture name and scale",
        ("B100",),
        tuple(Setting(f"x{s}", partial(second_order, scale=s), s) for s in (2, 4)),
        measures=("texture", "niqe_free"),
    ),
    Suite(
        "real",
        "P-RW-1",
        "none",
        ("RealSRSet",),
        (Setting("as it is", untouched, None),),
        measures=("niqe_free",),
        reference=False,
    ),
)
NAMES = tuple(dict.fromkeys(suite.name for suite in SUITES))


def suites_named(name: str, scale: int | None) -> tuple[Suite, ...]:
    """The suites of that name with the settings that fit a model of `scale`; None = all, those of inputs alone too.

    Raises UsageError for an unknown name, and where nothing fits.
    """
    if name not in NAMES:
        raise UsageError(f"{name}: no such suite; choose from {', '.join(NAMES)}")
    named = [suite for suite in SUITES if suite.name == name]
    if scale is None:
        return tuple(named)
    fitting = [replace(s, settings=tuple(t for t in s.settings if t.scale in (scale, None)))
               for s in named if not s.inputs_only]  # fmt: skip
    if not any(suite.settings for suite in fitting):
        wanted = sorted({setting.scale for suite in named for setting in suite.settings if setting.scale})
        scales = " or ".join(map(str, wanted))
        raise UsageError(f"suite {name}: needs a model that enlarges by {scales}, this one does by {scale}")
    return tuple(suite for suite in fitting if suite.settings)


def fitting_names(scale: int | None) -> tuple[str, ...]:
    """Names of the suites that have a setting for a model of `scale`; None = all."""
    scales = {name: {t.scale for s in SUITES if s.name == name for t in s.settings} for name in NAMES}
    return tuple(name for name in NAMES if scale is None or scales[name] & {scale, None})
