"""What a blind network trains on: random chains of degradations, clean pictures included.

Each function draws one chain; the noise itself is drawn later, when the chain is applied.
"""

from functools import partial
from math import floor
from typing import Literal

from pydantic import Field, model_validator

from harmonic.degrade.apply import Random
from harmonic.degrade.kinds import Bicubic, Blur, Chain, Jpeg, Noise, PoissonNoise, Round, Speckle, Value
from harmonic.degrade.levels import SEVERITIES, level_steps
from harmonic.degrade.second_order import sample_second_order


class Mixture(Value):
    """Share of each kind of damage in the training stream; the weights need not sum to 1.

    Without grey samples a network takes the noise of a grey photograph, equal in R, G and B, for texture.
    """

    clean: float = Field(default=0.10, ge=0)
    blur: float = Field(default=0.20, ge=0)
    noise: float = Field(default=0.25, ge=0)
    jpeg: float = Field(default=0.25, ge=0)
    hmix: float = Field(default=0.20, ge=0)
    real: float = Field(default=0.0, ge=0, description="blur, resizing, noise and JPEG twice over (Real-ESRGAN)")
    grey: float = Field(
        default=0.10, ge=0, le=1, description="share of samples made grey, noise included; apart from the weights"
    )

    @model_validator(mode="after")
    def _not_empty(self) -> "Mixture":
        if self.clean + self.blur + self.noise + self.jpeg + self.hmix + self.real <= 0:
            raise ValueError("a mixture needs at least one weight above 0")
        return self


CLASSIC = Mixture(clean=1, blur=1, noise=1, jpeg=1, hmix=0, grey=0)

PresetName = Literal["classic", "hmix", "real"]
PRESETS: dict[PresetName, Mixture] = {
    "classic": CLASSIC,
    "hmix": Mixture(clean=0.1, blur=0, noise=0, jpeg=0, hmix=0.9),
    # Real-ESRGAN never sees a clean input, and alters good pictures: a fifth is clean or damaged in one way.
    "real": Mixture(clean=0.08, blur=0.04, noise=0.04, jpeg=0.04, hmix=0, real=0.8),
}


def sample_mixture(rng: Random, mixture: Mixture = Mixture(), scale: int = 1) -> Chain:
    """One chain of the kind that the mixture's weights select, from the clean picture to the network's input.

    At scales above 1 all kinds but `real`, which has ways of its own to get there, start with the exact bicubic. Sides
    of the clean picture are to be multiples of scale.
    """
    shrunk: Chain = (Bicubic(scale=scale),) if scale > 1 else ()
    draws = (
        (mixture.clean, shrunk, sample_clean),
        (mixture.blur, shrunk, sample_blur),
        (mixture.noise, shrunk, sample_noise),
        (mixture.jpeg, shrunk, sample_jpeg),
        (mixture.hmix, shrunk, sample_hmix),
        (mixture.real, (), partial(sample_second_order, scale=scale)),
    )
    left = rng.random() * sum(weight for weight, _, _ in draws)
    for weight, first, draw in draws:
        if left < weight:
            return first + draw(rng)
        left -= weight
    # Rounding can leave `left` at the end of the last interval: take the last kind that has a share.
    _, first, draw = [row for row in draws if row[0] > 0][-1]
    return first + draw(rng)


def greyed(chain: Chain) -> Chain:
    """The chain for a grey picture (R = G = B): its noise is grey too."""
    noise = Noise | PoissonNoise | Speckle
    return tuple(step.model_copy(update={"grey": True}) if isinstance(step, noise) else step for step in chain)


def sample_clean(rng: Random) -> Chain:
    """No damage: that a good picture must be left alone is learnt, not hoped for."""
    return ()


def sample_blur(rng: Random) -> Chain:
    """Sigma uniform in [0.2, 3.2) pixels, then 8 bit, as P-DB-1's inputs are."""
    return (Blur(sigma=rng.uniform(0.2, 3.2)), Round())


def sample_noise(rng: Random) -> Chain:
    """Sigma uniform in [0, 55). Half as published tests have it (P-DN-1: unclipped float), half as a file has it."""
    sigma = rng.uniform(0.0, 55.0)
    return (Noise(sigma=sigma),) if rng.random() < 0.5 else (Noise(sigma=sigma, clip=True), Round())


def sample_jpeg(rng: Random) -> Chain:
    """Quality 5..95, 4:2:0, squared towards the low end (median 27), where there is most to restore."""
    return (Jpeg(quality=5 + floor(91 * rng.random() ** 2)),)


def sample_hmix(rng: Random) -> Chain:
    """Blur -> clipped noise -> JPEG; the three severities in equal shares."""
    severity = SEVERITIES[floor(3 * rng.random())]
    return level_steps(severity, [float(u) for u in rng.random(4)])[1]
