"""Each band's loss is blind to the other band, and the bands add up."""

import pytest
import torch

from harmonic.losses.bands import (
    CELL,
    high_band_loss,
    high_fft_loss,
    high_laplacian_loss,
    laplacian_loss,
    low_band_loss,
    low_fft_loss,
    low_laplacian_loss,
)
from harmonic.ops.band import cell_mean, enlarge_cells, low_band
from textures import blurred, sample

LOW = (low_band_loss, low_laplacian_loss, low_fft_loss)
HIGH = (high_band_loss, high_laplacian_loss, high_fft_loss)


def pair():
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(2, 3, 32, 48, generator=generator) for _ in range(2))


@pytest.mark.parametrize("loss", LOW)
def test_a_low_loss_sees_means_of_cells_alone(loss):
    x, y = pair()
    texture = y - low_band(y, CELL)
    assert loss(x + texture, x) < 1e-6
    assert loss(x + texture + 0.1, x) > 0.005
    assert loss(y, x) > 100 * loss(x + texture, x)


@pytest.mark.parametrize("loss", HIGH)
def test_a_high_loss_does_not_see_them(loss):
    x, y = pair()
    structure = enlarge_cells(torch.rand(2, 3, 32 // CELL, 48 // CELL), CELL)
    assert loss(x + structure, x) < 1e-6
    assert loss(y, x) > 0.05


@pytest.mark.parametrize("loss", [*LOW, *HIGH, laplacian_loss])
def test_all_have_a_gradient_at_nearly_every_pixel_and_a_finite_one_for_flat_or_equal_pictures(loss):
    x, y = pair()
    p = x.clone().requires_grad_()
    loss(p, y).backward()
    assert p.grad is not None
    seen = slice(1, None) if loss is high_fft_loss else slice(4, None) if loss is low_fft_loss else slice(None)
    assert (p.grad[..., seen, seen] != 0).all()  # a window is zero at its first sample
    p = torch.full_like(x, 0.5).requires_grad_()
    loss(p, x).backward()
    assert p.grad is not None and p.grad.isfinite().all()
    p = x.clone().requires_grad_()
    value = loss(p, x)
    value.backward()
    assert value.abs() < 1e-7 and p.grad is not None and p.grad.isfinite().all()


def test_low_losses_measure_known_differences_of_brightness():
    x, _ = pair()
    assert float(low_band_loss(x + 0.1, x)) == pytest.approx(0.1, abs=2e-3)
    assert float(low_laplacian_loss(x + 0.1, x)) == pytest.approx(0.1 / 3, abs=1e-6)


def test_a_pyramid_sees_every_band_and_a_shift_of_brightness_in_the_coarsest_alone():
    x, y = pair()
    assert float(laplacian_loss(x + 0.1, x)) == pytest.approx(0.1 / 4, abs=1e-6)
    assert laplacian_loss(y, x) > laplacian_loss(0.5 * (x + y), x) > 0


def test_a_high_pyramid_counts_details_of_two_and_four_pixels_alike():
    x = torch.zeros(1, 3, 32, 32)
    two = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(16, 16).expand(1, 3, 32, 32)
    four = two[..., :16, :16].repeat_interleave(2, 2).repeat_interleave(2, 3)
    fine, middle = high_laplacian_loss(x + 0.1 * two, x), high_laplacian_loss(x + 0.1 * four, x)
    assert float(fine) == pytest.approx(0.05, abs=1e-6)
    assert 0.05 < middle < 0.075  # its flat halves ripple a little in the finer band


def test_spectra_prefer_texture_of_the_right_energy_where_pixels_prefer_none():
    x, other = sample(0), sample(1)
    soft = blurred(x, 1.0)
    assert high_fft_loss(other, x) < high_fft_loss(soft, x)
    assert high_band_loss(other, x) > high_band_loss(soft, x)


def test_a_slope_does_not_hide_texture():
    """In a plain FFT it does: opposite borders of the crop make a step, and the step fills all frequencies."""
    slope = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    stripes = 0.02 * torch.tensor([1.0, -1.0, -1.0]).repeat(6)[:16].expand(1, 3, 16, 16)
    texture = enlarge_cells(stripes, CELL)

    def plain(x, y):
        x, y = (torch.fft.rfft2(cell_mean(v, CELL), norm="ortho").abs() for v in (x, y))
        return (x - y).abs().mean()

    def kept(loss):
        return loss(slope + texture, slope) / loss(texture, torch.zeros_like(texture))

    assert kept(low_fft_loss) > 0.8 > 0.4 > kept(plain)


def test_noise_of_deviation_s_has_magnitudes_of_about_s():
    noise = 0.1 * torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    expected = 0.1 * (torch.pi / 4) ** 0.5  # mean of a Rayleigh variable of mean square s²
    assert float(high_fft_loss(noise, 0 * noise)) == pytest.approx(expected, rel=0.08)  # the high band holds 15/16
