"""Chains on tensors do what chains on arrays do, for each sample by itself."""

import numpy as np
import pytest
import torch

from harmonic.degrade.apply import degrade
from harmonic.degrade.device import degrade_batch
from harmonic.degrade.kinds import (
    AnisotropicBlur,
    Bicubic,
    Blur,
    Jpeg,
    MotionBlur,
    Noise,
    PoissonNoise,
    Resize,
    Round,
    Sinc,
    Speckle,
    ToScale,
    WebP,
)
from harmonic.degrade.mixtures import PRESETS, Mixture, sample_mixture

NOISES = Noise | PoissonNoise | Speckle
MIXED = Mixture(clean=1, blur=1, noise=1, jpeg=1, hmix=1, real=3)


def pictures(count: int, height: int = 48, width: int = 72) -> torch.Tensor:
    """Smooth shapes and some detail: what flips at a rounding is rare, as in photographs."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 6, 9, generator=generator)
    fine = torch.rand(count, 3, height, width, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return ((0.9 * smooth + 0.1 * fine) * 255).round() / 255


def chains_of(mixture: Mixture, count: int, scale: int = 1):
    rng = np.random.Generator(np.random.Philox(key=3))
    return [sample_mixture(rng, mixture, scale) for _ in range(count)]


def on_arrays(batch: torch.Tensor, chains) -> torch.Tensor:
    rng = np.random.default_rng(0)
    results = [degrade(p.permute(1, 2, 0).numpy(), chain, rng) for p, chain in zip(batch, chains, strict=True)]
    return torch.from_numpy(np.stack(results)).permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    "step",
    [
        Blur(sigma=1.6),
        Blur(sigma=0.01),
        AnisotropicBlur(sigma=3, across=1, angle=0.5, size=33),
        MotionBlur(length=9, angle=-1),
        Sinc(cutoff=1, size=9),
        Round(),
        Resize(factor=0.41, kernel="area"),
        Resize(factor=1.7, kernel="bilinear"),
        Resize(factor=0.6, kernel="bicubic"),
        ToScale(scale=1.3),
        Bicubic(scale=2),
        Bicubic(scale=3),
        Bicubic(scale=4),
        Jpeg(quality=40),
        Jpeg(quality=75, subsampling="4:4:4"),
    ],
    ids=str,
)
def test_each_kind_equals_its_form_on_arrays(step):
    batch = pictures(3)
    expected = on_arrays(batch, [[step]] * 3)
    difference = (degrade_batch(batch, [(step,)] * 3, [1, 2, 3]) - expected).abs() * 255
    if isinstance(step, Jpeg | Round | Bicubic):
        assert (difference > 0.5).float().mean() < 1e-3  # a level, where a value lies on a tie
    else:
        assert difference.max() < 2e-3


@pytest.mark.parametrize("scale", [1, 2])
def test_chains_of_any_structure_go_together(scale):
    batch, chains = pictures(16), chains_of(MIXED, 16, scale)
    quiet = [tuple(step for step in chain if not isinstance(step, NOISES)) for chain in chains]
    assert len({tuple(step.kind for step in chain) for chain in quiet}) > 5
    difference = (degrade_batch(batch, quiet, range(16)) - on_arrays(batch, quiet)).abs() * 255
    assert difference.mean() < 0.02


def test_a_sample_does_not_depend_on_the_rest_of_its_batch():
    batch, chains = pictures(10), chains_of(MIXED, 10)
    together = degrade_batch(batch, chains, range(10))
    for i in range(10):
        alone = degrade_batch(batch[i : i + 1], chains[i : i + 1], [i])[0]
        torch.testing.assert_close(alone, together[i], rtol=0, atol=2e-6)


@pytest.mark.parametrize("noise", [Noise(sigma=25), PoissonNoise(scale=2), Speckle(sigma=50)])
def test_noise_has_the_strength_of_its_form_on_arrays(noise):
    grey = torch.full((2, 3, 150, 150), 0.5)
    noisy = (degrade_batch(grey, [(noise,)] * 2, [7, 8]) - grey) * 255
    expected = degrade(np.full((150, 150, 3), 0.5), [noise], np.random.default_rng(0)).std() * 255
    assert noisy.std().item() == pytest.approx(expected, rel=0.02) and abs(noisy.mean().item()) < 0.2
    channels = torch.corrcoef(torch.cat([noisy[0].flatten(1), noisy[1].flatten(1)])).fill_diagonal_(0)
    assert channels.abs().max() < 0.03  # independent between channels and samples
    one = degrade_batch(grey, [(noise.model_copy(update={"grey": True}),), (noise,)], [7, 8])
    assert torch.equal(one[0, 0], one[0, 2]) and not torch.equal(one[1, 0], one[1, 2])
    clipped = noise.model_copy(
        update={"clip": True, **({"scale": 8} if noise.kind == "poisson-noise" else {"sigma": 400})}
    )
    assert degrade_batch(grey, [(clipped,)] * 2, [7, 8]).aminmax() == (0, 1)


@pytest.mark.parametrize("noise", [Noise(sigma=25), PoissonNoise(scale=2)])
def test_noise_follows_from_the_key_and_is_new_in_every_step(noise):
    grey = torch.full((3, 3, 32, 32), 0.5)
    first = degrade_batch(grey, [(noise,)] * 3, [1, 1, 2])
    assert torch.equal(first[0], first[1]) and not torch.equal(first[0], first[2])
    twice = degrade_batch(grey, [(noise, noise)] * 3, [1, 1, 2])
    added = torch.stack([first[0] - grey[0], twice[0] - first[0]]).flatten(1)
    assert abs(torch.corrcoef(added)[0, 1].item()) < 0.05


def test_the_input_stays_and_no_steps_give_an_equal_picture():
    batch = pictures(2)
    before = batch.clone()
    result = degrade_batch(batch, [(), (Noise(sigma=9),)], [0, 0])
    assert torch.equal(batch, before) and torch.equal(result[0], batch[0])
    result[0].zero_()
    assert torch.equal(batch, before)


def test_the_precision_of_the_training_step_around_it_does_not_matter():
    batch, chains = pictures(6), chains_of(MIXED, 6)
    expected = degrade_batch(batch, chains, range(6))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = degrade_batch(batch.requires_grad_(), chains, range(6))
    assert torch.equal(result, expected) and not result.requires_grad


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 2)])
def test_the_smallest_pictures_are_degraded_too(size):
    chains = [chain for preset in PRESETS.values() for chain in chains_of(preset, 4)]
    batch = pictures(1, *size).expand(len(chains), -1, -1, -1)
    assert degrade_batch(batch, chains, range(len(chains))).isfinite().all()


@pytest.mark.parametrize(
    "batch, chains, keys, message",
    [
        (torch.zeros(1, 3, 8, 8), [(WebP(quality=50),)], [0], "webp cannot be computed on tensors; use degrade.apply"),
        (
            torch.zeros(2, 3, 8, 8),
            [(), (Bicubic(scale=2),)],
            [0, 0],
            r"at one size, got \[\(4, 4\), \(8, 8\)\]",
        ),
        (torch.zeros(1, 3, 8, 8), [(), ()], [0], "a chain and a key per picture, got 1, 2, 1"),
        (torch.zeros(3, 8, 8), [()], [0], r"expected \(B, 3, H, W\) float32"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.float64), [()], [0], r"expected \(B, 3, H, W\) float32"),
    ],
)
def test_what_cannot_be_done_is_refused(batch, chains, keys, message):
    with pytest.raises(ValueError, match=message):
        degrade_batch(batch, chains, keys)
