"""The generative stage: what the texture head is taught by, and the discriminator that is taught beside it.

All of it looks at the high band alone, and only the generated texture feels it: what it is added to counts as given.
"""

import torch
from torch import Tensor

from harmonic.losses.adversarial import (
    feature_matching,
    hinge_discriminator,
    hinge_generator,
    r1_penalty,
    relativistic_discriminator,
    relativistic_generator,
)
from harmonic.losses.bands import high_band
from harmonic.losses.features import FeatureExtractor, feature_loss
from harmonic.losses.pixel import l1
from harmonic.losses.texture import structure_drift, texture_distance
from harmonic.nn.discriminator import Judgement, UNetDiscriminator
from harmonic.nn.parts import Parts
from harmonic.train.optimizers import optimizers_of, set_rate
from harmonic.train.recipe import Optimizer, Texture


class Adversary:
    """The discriminator with its optimizer, and the terms that the texture head learns by.

    cell: side of the network's band cells in output pixels. bf16: arithmetic of the discriminator's convolutions.
    features: for the term of that name.
    """

    def __init__(self, settings: Texture, optimizer: Optimizer, cell: int, where: torch.device, bf16: bool,
                 features: FeatureExtractor | None):  # fmt: skip
        self._settings, self._cell, self._where, self._bf16 = settings, cell, where, bf16
        self._features = features
        self.network = UNetDiscriminator(settings.discriminator.channels, cell).to(where)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        own = optimizer.model_copy(
            update={"form": "adamw", "learning_rate": settings.discriminator.learning_rate, "betas": (0.5, 0.99),
                    "weight_decay": 0.0}
        )  # fmt: skip
        self.optimizers = optimizers_of(self.network, own)
        self._rate = own.learning_rate

    def set_rate(self, factor: float) -> None:
        """factor: of the recipe's learning rate."""
        set_rate(self.optimizers, self._rate * factor)

    def step(self) -> None:
        """Take the step of the discriminator that the gradients say."""
        for optimizer in self.optimizers:
            optimizer.step()

    def begin(self) -> None:
        """Before each step: gradients are forgotten, spectral norms follow the weights."""
        self.network.zero_grad(set_to_none=True)
        self.network.advance()

    def teaches(self, parts: Parts, target: Tensor) -> dict[str, Tensor]:
        """The weighted terms of the texture head, by name; a term of weight 0 is not computed."""
        weights, fake = self._settings, _generated(parts)
        terms: dict[str, Tensor] = {}
        if weights.gan or weights.matching:
            self.network.requires_grad_(False)
            of_fake, of_real = self._judge(fake), self._judge(target)
            if weights.gan:
                hinge = weights.form == "hinge"
                scores = (of_fake.scores,) if hinge else (of_real.scores, of_fake.scores)
                terms["gan"] = weights.gan * (hinge_generator if hinge else relativistic_generator)(*scores)
            if weights.matching:
                terms["matching"] = weights.matching * feature_matching(of_fake.maps, of_real.maps)
        if weights.pixel:
            terms["texture_pixel"] = weights.pixel * l1(high_band(fake, self._cell), high_band(target, self._cell))
        if weights.distance:
            terms["texture_distance"] = weights.distance * texture_distance(fake, target, cell=self._cell)
        if weights.drift:
            assert parts.texture is not None
            terms["texture_drift"] = weights.drift * structure_drift(parts.texture)
        if weights.features:
            assert self._features is not None
            terms["features"] = weights.features * feature_loss(fake, target, self._features, cell=self._cell)
        return terms

    def learns(self, parts: Parts, target: Tensor, share: float) -> dict[str, Tensor]:
        """Add `share` of the discriminator's gradient on these pictures -> its figures, to be logged."""
        self.network.requires_grad_(True)
        weights = self._settings
        real, fake = self._judge(target).scores, self._judge(_generated(parts).detach()).scores
        loss = (hinge_discriminator if weights.form == "hinge" else relativistic_discriminator)(real, fake)
        figures = {"discriminator": loss, "score_real": real.mean(), "score_fake": fake.mean()}
        if weights.discriminator.r1:
            pictures = target.clone().requires_grad_(True)
            figures["r1"] = weights.discriminator.r1 * r1_penalty(self.network(pictures).scores, pictures)
            loss = loss + figures["r1"]
        (share * loss).backward()
        return {name: value.detach().float() for name, value in figures.items()}

    def _judge(self, picture: Tensor) -> Judgement:
        with torch.autocast(self._where.type, torch.bfloat16, enabled=self._bf16):
            return self.network(picture)


def _generated(parts: Parts) -> Tensor:
    """The picture with its texture; only the latter has a gradient."""
    assert parts.texture is not None
    return parts.mix().detach() + parts.texture
