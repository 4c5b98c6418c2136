"""Each band's loss is blind to the other band, and the bands add up."""

import pytest
import torch

from harmonic.losses.bands import CELL, high_band_loss, laplacian_loss, low_band_loss
from harmonic.ops.band import enlarge_cells, low_band


def pair():
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(2, 3, 32, 48, generator=generator) for _ in range(2))


def test_the_low_loss_sees_means_of_cells_alone():
    x, y = pair()
    texture = y - low_band(y, CELL)
    assert torch.allclose(low_band_loss(x + texture, x), torch.zeros(()), atol=1e-6)
    assert low_band_loss(x + texture + 0.1, x) > 0.09


def test_the_high_loss_does_not_see_them():
    x, y = pair()
    structure = enlarge_cells(torch.rand(2, 3, 32 // CELL, 48 // CELL), CELL)
    assert torch.allclose(high_band_loss(x + structure, x), torch.zeros(()), atol=1e-6)
    assert high_band_loss(y, x) > 0.1


def test_both_have_a_gradient_at_every_pixel():
    x, y = pair()
    for loss in (low_band_loss, high_band_loss, laplacian_loss):
        p = x.clone().requires_grad_()
        loss(p, y).backward()
        assert p.grad is not None and (p.grad != 0).all()


def test_a_pyramid_sees_every_band_and_a_shift_of_brightness_in_the_coarsest_alone():
    x, y = pair()
    assert float(laplacian_loss(x + 0.1, x)) == pytest.approx(0.1 / 4, abs=1e-6)
    assert laplacian_loss(y, x) > laplacian_loss(0.5 * (x + y), x) > 0
