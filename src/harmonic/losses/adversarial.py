"""Adversarial losses: pure functions of a discriminator's scores, maps or numbers of any shape, to a scalar, in fp32.

Higher scores mean "real". `fake` is scored from pictures detached from the generator in the discriminator's step, and
attached in the generator's. Hinge treats each score by itself, so it is the one to begin with.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Real scores above 1, fake ones below -1; beyond that nothing pulls. Source: Geometric GAN (Lim and Ye, 2017)."""
    return F.relu(1 - real.float()).mean() + F.relu(1 + fake.float()).mean()


def hinge_generator(fake: Tensor) -> Tensor:
    """Raise the scores of what was generated: -mean, with the same pull wherever they stand."""
    return -fake.float().mean()


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Real scores above the mean fake one, fake ones below the mean real one, by cross-entropy.

    The means keep their gradient, as in the paper: then only differences of scores count, and none is spent on moving
    all of them alike. They run over the batch, so pictures of a batch depend on each other, and ranks of a distributed
    run each take their own. Source: relativistic average GAN (Jolicoeur-Martineau, ICLR 2019); ESRGAN, ECCVW 2018.
    """
    real, fake = real.float(), fake.float()
    return (F.softplus(fake.mean() - real).mean() + F.softplus(fake - real.mean()).mean()) / 2


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """The same with the roles exchanged: fake scores above the mean real one, and real ones below the mean fake one.

    Real scores are detached: they do not depend on the generator, and their graph through the discriminator would be
    walked for nothing. The mean of the fake ones is not: half of the generator's gradient comes through it.
    """
    real, fake = real.detach().float(), fake.float()
    return (F.softplus(real - fake.mean()).mean() + F.softplus(real.mean() - fake).mean()) / 2


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Mean over layers of the L1 between a discriminator's maps of the generated picture and of its real counterpart.

    Real maps are detached: the generator goes to them, not they to it. Source: Salimans et al., NeurIPS 2016; by layer
    and paired, pix2pixHD (Wang et al., CVPR 2018).
    """
    pairs = zip(fake, real, strict=True)
    return torch.stack([(x.float() - y.detach().float()).abs().mean() for x, y in pairs]).mean()


def r1_penalty(scores: Tensor, pictures: Tensor) -> Tensor:
    """Half the squared gradient of the summed scores of real pictures, per pixel: keeps D flat where it need not act.

    pictures (B, 3, H, W) must require a gradient and `scores` come from them -> scalar, with a graph to train D on.
    Per pixel rather than per picture, so that its weight does not hang on the size of crops. May be computed every
    few steps with a weight as many times larger. Source: Mescheder et al., ICML 2018; lazily, StyleGAN2, CVPR 2020.
    """
    (slope,) = torch.autograd.grad(scores.float().sum(), pictures, create_graph=True)
    return slope.float().square().sum(1).mean() / 2
