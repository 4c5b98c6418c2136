import math

import torch

from harmonic.losses.pixel import charbonnier, fft_l1, psnr_loss


def test_equal_pictures_have_no_loss_and_finite_gradients():
    x = torch.rand(2, 3, 8, 8, requires_grad=True)
    for loss in (charbonnier, psnr_loss, fft_l1):
        value = loss(x, x.detach().clone())
        (gradient,) = torch.autograd.grad(value, x)
        assert value.item() == 0 or abs(value.item()) < 1e-9
        assert gradient.isfinite().all()


def test_charbonnier_is_l1_for_large_and_quadratic_for_small_differences():
    zero = torch.zeros(1, 3, 4, 4)
    assert math.isclose(charbonnier(zero + 0.5, zero).item(), 0.5, abs_tol=1.1e-3)
    assert math.isclose(charbonnier(zero + 1e-4, zero).item(), 1e-8 / 2e-3, rel_tol=0.02)


def test_the_spectrum_of_a_constant_difference_is_one_line():
    zero = torch.zeros(1, 1, 8, 8)
    lines = 8 * 5 * 2  # rfft2 of 8x8, real and imaginary
    assert math.isclose(fft_l1(zero + 0.25, zero).item(), 0.25 * 8 / lines, rel_tol=1e-5)


def test_a_tenth_of_the_psnr_loss_is_a_decibel_until_pictures_are_as_good_as_clean():
    target = torch.rand(1, 3, 32, 32)
    noise = torch.randn_like(target)
    losses = [psnr_loss(target + 10 ** (-psnr / 20) * noise, target).item() for psnr in (20, 21, 60, 90)]
    assert math.isclose(losses[0] - losses[1], 0.1, abs_tol=1e-3)
    assert 0 <= losses[3] < losses[2] < 0.1


def test_the_psnr_loss_counts_pictures_alike_however_bad_they_are():
    good, bad = 0.01, 0.3
    prediction = torch.zeros(2, 3, 8, 8, requires_grad=True)
    target = torch.tensor([good, bad])[:, None, None, None].expand(2, 3, 8, 8)
    psnr_loss(prediction, target).backward()
    pull = (prediction.grad * target).sum((1, 2, 3)).abs()  # how much the loss falls for 1 % less error
    assert 0.85 < pull[0] / pull[1] < 1
