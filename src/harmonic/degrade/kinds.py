"""Degradations as frozen values with units. What they do to a picture stands in `apply.py`.

Written in files as `{kind: blur, sigma: 1.6}`; unknown keys are refused.
"""

from math import pi
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from harmonic.ops.interpolate import Kernel


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError("a kernel has an odd number of taps on a side")
    return size


Odd = Annotated[int, Field(ge=1, le=33), AfterValidator(_odd)]
"""Taps on a side of a kernel."""


class Value(BaseModel):
    """Base of the values here: immutable, hashable, closed to unknown keys and to not-a-number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Blur(Value):
    """Gaussian blur, edge pixels replicated. sigma: pixels; the kernel has 21 taps, so 5 is the most it holds.

    Below 0.05 it is the identity.
    """

    kind: Literal["blur"] = "blur"
    sigma: float = Field(ge=0, le=5)


class AnisotropicBlur(Value):
    """Blur by a kernel of size x size taps, long along `angle`, edge pixels replicated (Real-ESRGAN, BSRGAN).

    With q = (x / sigma)² + (y / across)², x along the angle and y across it, the kernel is exp(-q^beta / 2) for
    `gaussian` (beta 1: the plain one, else the generalised one) and 1 / (1 + q^beta) for `plateau`, normalised.
    sigma, across: pixels, 0.1 to 10; angle: radians from the x axis to the y axis, which points down; beta: 0.5 to 4;
    size: odd, 1 to 33, which cuts the kernel off, so that the same sigma blurs less in a smaller one.
    """

    kind: Literal["anisotropic-blur"] = "anisotropic-blur"
    sigma: float = Field(ge=0.1, le=10)
    across: float = Field(ge=0.1, le=10)
    angle: float = Field(default=0.0, ge=-pi, le=pi)
    shape: Literal["gaussian", "plateau"] = "gaussian"
    beta: float = Field(default=1.0, ge=0.5, le=4)
    size: Odd = 21


class MotionBlur(Value):
    """The picture moved evenly along a straight line during exposure. length: pixels of the way, 0 to 30.

    angle: radians from the x axis to the y axis, which points down. Edge pixels are replicated.
    """

    kind: Literal["motion-blur"] = "motion-blur"
    length: float = Field(ge=0, le=30)
    angle: float = Field(default=0.0, ge=-pi, le=pi)


class Sinc(Value):
    """Ideal circular low-pass, cut off to size x size taps: the ringing of sharpened pictures (Real-ESRGAN).

    cutoff: radians per pixel, 0.3 to π; size: odd, 1 to 33. It overshoots, so values leave [0, 1].
    """

    kind: Literal["sinc"] = "sinc"
    cutoff: float = Field(ge=0.3, le=pi)
    size: Odd = 21


class Noise(Value):
    """White Gaussian noise. sigma: on the 0–255 scale, as papers report it.

    clip: cut the noisy picture to [0, 1] at once, as a camera or a file does. grey: the same noise in all channels, as
    in a grey picture; else independent per channel.
    """

    kind: Literal["noise"] = "noise"
    sigma: float = Field(ge=0)
    clip: bool = False
    grey: bool = False


class PoissonNoise(Value):
    """Photon noise: a sample of value v gets the noise of 255 v photons, `scale` times (Real-ESRGAN).

    Its standard deviation on the 0–255 scale is scale · √(255 v), 11 · scale at mid-grey; scale: 0 to 8. Values below 0
    have no noise, values above 1 that of 1. grey: counted on the mean of the channels, the same in all of them.
    Real-ESRGAN counts the distinct values of a picture instead of 255, so that its noise depends on the crop.
    """

    kind: Literal["poisson-noise"] = "poisson-noise"
    scale: float = Field(ge=0, le=8)
    clip: bool = False
    grey: bool = False


class Speckle(Value):
    """Gaussian noise in proportion to the value. sigma: on the 0–255 scale, of white; clip and grey as for `Noise`."""

    kind: Literal["speckle"] = "speckle"
    sigma: float = Field(ge=0)
    clip: bool = False
    grey: bool = False


class Jpeg(Value):
    """JPEG file written and read again by libjpeg. quality: 1–100. Rounds to 8 bit first, as it must."""

    kind: Literal["jpeg"] = "jpeg"
    quality: int = Field(ge=1, le=100)
    subsampling: Literal["4:2:0", "4:4:4"] = "4:2:0"


class WebP(Value):
    """Lossy WebP file written and read again by libwebp. quality: 0–100. Rounds to 8 bit first. Not on a device."""

    kind: Literal["webp"] = "webp"
    quality: int = Field(ge=0, le=100)


class Round(Value):
    """Clip to [0, 1] and round half up to 8 bit, as any stored picture is."""

    kind: Literal["round"] = "round"


class Resize(Value):
    """Change the size by `factor`, 0.05 to 4, sides rounded to the nearest pixel; the picture's borders stay borders.

    As training code of the papers does it: `area` is the mean of the pixels that an output pixel covers; `bilinear` and
    `bicubic` (a = -0.75) look at 2 and 4 neighbours even when they shrink, so they alias.
    """

    kind: Literal["resize"] = "resize"
    factor: float = Field(ge=0.05, le=4)
    kernel: Kernel = "bicubic"


class ToScale(Value):
    """Resize to 1/scale of the size that the chain started with, sides rounded up; whatever came in between.

    scale: 0.25 to 20. kernel: as for `Resize`. Does nothing when the size is right already.
    """

    kind: Literal["to-scale"] = "to-scale"
    scale: float = Field(default=1.0, ge=0.25, le=20)
    kernel: Kernel = "bicubic"


class Bicubic(Value):
    """MATLAB's `imresize(picture, 1/scale)` of the picture as 8 bit: inputs of published benchmarks (P-SR-2 to P-SR-4).

    scale: 1 to 16. Rounds to 8 bit first and after each of the two passes. Sides become ceil(side / scale).
    """

    kind: Literal["bicubic"] = "bicubic"
    scale: int = Field(ge=1, le=16)


Degradation = Annotated[
    Blur
    | AnisotropicBlur
    | MotionBlur
    | Sinc
    | Noise
    | PoissonNoise
    | Speckle
    | Jpeg
    | WebP
    | Round
    | Resize
    | ToScale
    | Bicubic,
    Field(discriminator="kind"),
]

Chain = tuple[Degradation, ...]
"""Degradations in the order in which they act."""

CHAIN: TypeAdapter[Chain] = TypeAdapter(Chain)
"""Chains as JSON and back: `CHAIN.dump_json(chain)`, `CHAIN.validate_json(text)`."""
