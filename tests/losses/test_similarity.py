"""Losses of structural similarity against the measure, and what they are blind to."""

import numpy as np
import pytest
import torch

from harmonic.losses.similarity import ms_ssim_loss, ssim_loss
from harmonic.ops.quality import ssim


def pair(side=64):
    x = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    return x, (x + 0.1 * noise).clamp(0, 1)


def test_ssim_loss_is_one_less_the_measure():
    x, y = pair()
    measured = [ssim(*(255 * p.permute(1, 2, 0).double().numpy() for p in both)) for both in zip(x, y, strict=True)]
    assert float(ssim_loss(y.double(), x.double())) == pytest.approx(1 - np.mean(measured), abs=1e-9)


@pytest.mark.parametrize("loss", [ssim_loss, ms_ssim_loss])
def test_equal_pictures_cost_nothing_and_more_noise_costs_more(loss):
    x, y = pair()
    assert abs(float(loss(x, x))) < 1e-6
    assert 0 < loss(0.5 * x + 0.5 * y, x) < loss(y, x) < 1


@pytest.mark.parametrize("loss", [ssim_loss, ms_ssim_loss])
@pytest.mark.parametrize("side", [16, 32, 200])
def test_gradients_are_finite_even_for_opposite_pictures(loss, side):
    x = pair(side)[0]
    p = (1 - x).requires_grad_()
    loss(p, x).backward()
    assert p.grad is not None and p.grad.isfinite().all()
    if loss is ssim_loss:
        assert p.grad.any()
