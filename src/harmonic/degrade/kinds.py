"""Degradations as frozen values with units. What they do to a picture stands in `apply.py`.

Written in files as `{kind: blur, sigma: 1.6}`; unknown keys are refused.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """Base of the values here: immutable, hashable, closed to unknown keys and to not-a-number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Blur(Value):
    """Gaussian blur, edge pixels replicated. sigma: pixels; the kernel has 21 taps, so 5 is the most it holds.

    Below 0.05 it is the identity.
    """

    kind: Literal["blur"] = "blur"
    sigma: float = Field(ge=0, le=5)


class Noise(Value):
    """White Gaussian noise. sigma: on the 0–255 scale, as papers report it.

    clip: cut the noisy picture to [0, 1] at once, as a camera or a file does. grey: the same noise in all channels, as
    in a grey picture; else independent per channel.
    """

    kind: Literal["noise"] = "noise"
    sigma: float = Field(ge=0)
    clip: bool = False
    grey: bool = False


class Jpeg(Value):
    """JPEG file written and read again by libjpeg. quality: 1–100. Rounds to 8 bit first, as it must."""

    kind: Literal["jpeg"] = "jpeg"
    quality: int = Field(ge=1, le=100)
    subsampling: Literal["4:2:0", "4:4:4"] = "4:2:0"


class Round(Value):
    """Clip to [0, 1] and round half up to 8 bit, as any stored picture is."""

    kind: Literal["round"] = "round"


Degradation = Annotated[Blur | Noise | Jpeg | Round, Field(discriminator="kind")]
