"""Kernels of blur: what their parameters say about them holds."""

from math import cos, exp, pi, sin

import numpy as np
import pytest

from harmonic.degrade.kernels import kernel_of, spread
from harmonic.degrade.kinds import AnisotropicBlur, Blur, MotionBlur, Sinc

SHAPED = [
    AnisotropicBlur(sigma=2, across=0.7, angle=0.4),
    AnisotropicBlur(sigma=2, across=1, angle=-2, beta=0.6, size=13),
    AnisotropicBlur(sigma=1.5, across=1.5, beta=3),
    AnisotropicBlur(sigma=0.2, across=1, shape="plateau", beta=1.7, size=7),
]
EVERY = [*SHAPED, Blur(sigma=1.6), MotionBlur(length=12.3, angle=1), MotionBlur(length=0), Sinc(cutoff=1, size=15)]


@pytest.mark.parametrize("step", EVERY, ids=str)
def test_kernels_are_odd_squares_that_sum_to_one_and_equal_themselves_turned_by_half(step):
    kernel = kernel_of(step)
    assert kernel.shape[0] == kernel.shape[1] and kernel.shape[0] % 2 == 1
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-15)


@pytest.mark.parametrize("step", SHAPED, ids=str)
def test_shaped_kernels_are_those_of_the_formula(step):
    turn = np.array([[cos(step.angle), -sin(step.angle)], [sin(step.angle), cos(step.angle)]])
    inverse = np.linalg.inv(turn @ np.diag([step.sigma**2, step.across**2]) @ turn.T)
    reach = step.size // 2
    plain = np.zeros((step.size, step.size))
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            place = np.array([x, y])
            q = float(place @ inverse @ place) ** step.beta
            plain[y + reach, x + reach] = exp(-0.5 * q) if step.shape == "gaussian" else 1 / (1 + q)
    np.testing.assert_allclose(kernel_of(step), plain / plain.sum(), atol=1e-12)


def test_a_round_one_of_21_taps_is_the_plain_gaussian():
    np.testing.assert_allclose(
        kernel_of(AnisotropicBlur(sigma=1.6, across=1.6)), kernel_of(Blur(sigma=1.6)), atol=1e-15
    )


@pytest.mark.parametrize("angle", [0, 0.5, pi / 2, 3])
@pytest.mark.parametrize("length", [1, 7, 20.5, 30])
def test_motion_has_its_length_along_its_angle_and_none_across(length, angle):
    kernel = kernel_of(MotionBlur(length=length, angle=angle))
    t = np.arange(len(kernel)) - len(kernel) // 2
    along = t * cos(angle) + t[:, None] * sin(angle)
    across = t[:, None] * cos(angle) - t * sin(angle)
    # Sharing points between neighbours adds up to a quarter of a square pixel each way.
    assert (kernel * along**2).sum() == pytest.approx(length**2 / 12, rel=0.02, abs=0.26)
    assert (kernel * across**2).sum() < 0.26


def test_motion_of_no_length_is_none():
    np.testing.assert_array_equal(kernel_of(MotionBlur(length=0, angle=1)), [[1]])


@pytest.mark.parametrize("cutoff", [0.8, 1.5, 2.4])
def test_sinc_passes_what_is_below_its_cutoff_and_stops_what_is_above(cutoff):
    kernel = kernel_of(Sinc(cutoff=cutoff, size=33))
    frequency = np.fft.fftfreq(128) * 2 * pi
    radius = np.hypot(frequency, frequency[:, None])
    response = abs(np.fft.fft2(kernel, (128, 128)))
    assert abs(response[radius < cutoff - 0.35] - 1).max() < 0.25
    assert response[radius > cutoff + 0.35].max() < 0.25
    assert kernel.min() < 0  # that is what rings


def test_spread_is_sigma_squared_of_a_gaussian():
    assert spread(kernel_of(Blur(sigma=1.5))) == pytest.approx(2.25, rel=1e-6)
    assert spread(kernel_of(AnisotropicBlur(sigma=2, across=1, angle=1))) == pytest.approx(2.5, rel=1e-2)
