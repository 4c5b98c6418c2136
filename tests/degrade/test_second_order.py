"""Chains of second order: shares and ranges of Real-ESRGAN's training, and the size that was asked for."""

from math import pi

import numpy as np
import pytest

from harmonic.degrade.apply import final_size
from harmonic.degrade.kinds import AnisotropicBlur, Jpeg, Noise, PoissonNoise, Resize, Round, Sinc, ToScale
from harmonic.degrade.second_order import sample_second_order


def drawn(count: int, scale: int = 4):
    rng = np.random.Generator(np.random.Philox(key=11))
    return [sample_second_order(rng, scale) for _ in range(count)]


@pytest.fixture(scope="module")
def chains():
    return drawn(3000)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_every_chain_ends_at_the_size_of_the_networks_input_in_8_bit(scale):
    for chain in drawn(200, scale):
        assert final_size(chain, (96 * scale, 64 * scale)) == (96, 64)
        assert isinstance(chain[-1], Round)


def test_there_are_two_passes(chains):
    for chain in chains:
        assert isinstance(chain[0], AnisotropicBlur | Sinc)
        assert sum(isinstance(step, Jpeg) for step in chain) == 2
        assert sum(isinstance(step, Noise | PoissonNoise) for step in chain) == 2
        assert sum(isinstance(step, ToScale) for step in chain) == 2


def test_kernels_have_the_published_shares(chains):
    first = [chain[0] for chain in chains]
    shaped = [step for step in first if isinstance(step, AnisotropicBlur)]
    plateau = [step for step in shaped if step.shape == "plateau"]
    generalised = [step for step in shaped if step.shape == "gaussian" and step.beta != 1]
    plain = [step for step in shaped if step.shape == "gaussian" and step.beta == 1]
    for group, share, long in ((plateau, 0.135, 0.2), (generalised, 0.135, 0.2), (plain, 0.63, 0.25 / 0.7)):
        assert len(group) / len(chains) == pytest.approx(share, abs=0.025)
        assert np.mean([step.across != step.sigma for step in group]) == pytest.approx(long, abs=0.06)
    assert len(shaped) / len(chains) == pytest.approx(0.9, abs=0.02)
    assert np.mean([step.beta == 1 for step in plateau]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([step.beta < 1 for step in generalised]) == pytest.approx(0.5, abs=0.08)
    assert {step.size for step in first} == set(range(7, 22, 2))


def test_ranges_are_the_published_ones(chains):
    shaped = [chain[0] for chain in chains if isinstance(chain[0], AnisotropicBlur)]
    rings = [chain[0] for chain in chains if isinstance(chain[0], Sinc)]
    resized = [step.factor for chain in chains for step in chain if isinstance(step, Resize)]
    noises = [[step for step in chain if isinstance(step, Noise | PoissonNoise)] for chain in chains]
    qualities = [step.quality for chain in chains for step in chain if isinstance(step, Jpeg)]

    def reaches(values, low, high):
        return low <= min(values) < low + 0.05 * (high - low) and high - 0.05 * (high - low) < max(values) <= high

    assert reaches([step.sigma for step in shaped], 0.2, 3.0)
    assert reaches([step.cutoff for step in rings if step.size < 13], pi / 3, pi)
    assert reaches([step.cutoff for step in rings if step.size >= 13], pi / 5, pi)
    assert reaches(resized, 0.15, 1.5)
    for number, sigma, scale in ((0, 30, 3.0), (1, 25, 2.5)):
        steps = [pair[number] for pair in noises]
        assert reaches([step.sigma for step in steps if isinstance(step, Noise)], 1, sigma)
        assert reaches([step.scale for step in steps if isinstance(step, PoissonNoise)], 0.05, scale)
    assert (min(qualities), max(qualities)) == (30, 95)
    assert np.mean([factor > 1 for factor in resized]) == pytest.approx(2 / 9, abs=0.03)
    assert len(resized) / len(chains) == pytest.approx(0.9, abs=0.03)
    assert np.mean([step.grey for pair in noises for step in pair]) == pytest.approx(0.4, abs=0.03)


def test_half_of_the_chains_end_with_the_file_and_half_with_the_resizing(chains):
    assert np.mean([isinstance(chain[-2], Jpeg) for chain in chains]) == pytest.approx(0.5, abs=0.04)


def test_without_enlargement_nothing_shrinks_below_half():
    factors = [step.factor for chain in drawn(1000, 1) for step in chain if isinstance(step, Resize)]
    scales = [step.scale for chain in drawn(1000, 1) for step in chain if isinstance(step, ToScale)]
    assert 0.5 <= min(factors) < 0.53 and 1.9 < max(scales) <= 2
