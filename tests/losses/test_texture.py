"""The distance of textures: what a statistic of patches sees, and where it differs from L1."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from harmonic.losses.bands import CELL
from harmonic.losses.pixel import l1
from harmonic.losses.texture import structure_drift, texture_distance
from harmonic.ops.band import enlarge_cells, low_band
from harmonic.ops.resize import imresize
from textures import blurred, sample


def test_equal_pictures_have_distance_zero_and_finite_gradients():
    x = sample(0).requires_grad_()
    value = texture_distance(x, x.detach())
    value.backward()
    assert value == 0 and x.grad is not None and x.grad.isfinite().all()


def test_another_sample_of_a_texture_is_nearer_than_a_blurred_copy_which_l1_ranks_the_other_way_round():
    for seed in range(3):
        x, other = sample(seed), sample(seed + 10)
        for sigma in (0.6, 1.0, 2.0):
            assert texture_distance(other, x) < texture_distance(blurred(x, sigma), x) / 3
        assert l1(other, x) > 1.5 * l1(blurred(x, 1.0), x)


def test_shifting_a_texture_costs_no_more_than_sampling_it_anew():
    x = sample(0)
    for shift in [(1, 0), (3, 5), (16, 7)]:
        assert texture_distance(x.roll(shift, (2, 3)), x) < 0.1 * texture_distance(blurred(x, 2.0), x)


def test_it_grows_with_blur_and_with_noise():
    x = sample(0)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    for damaged in ([blurred(x, s) for s in (0.3, 0.5, 0.7, 1.0, 1.5)], [x + s * noise for s in (0.02, 0.05, 0.1)]):
        values = [float(texture_distance(picture, x)) for picture in damaged]
        assert values == sorted(values) and values[0] > 0


def test_direction_counts():
    for seed in range(3):
        upright, flat, again = (
            sample(seed + other, angle=angle) for other, angle in ((0, 0.0), (10, torch.pi / 2), (20, 0.0))
        )
        assert upright.std() == pytest.approx(float(flat.std()), rel=0.1)
        assert texture_distance(flat, upright) > 3 * texture_distance(again, upright)


def test_texture_may_not_move_to_another_window():
    """What is grass here and sky there is not the same the other way round."""
    half = sample(0)
    half[..., 32:] = 0.5
    assert texture_distance(half.flip(3), half) > 5 * texture_distance(sample(1), sample(0))


def test_the_low_band_neither_counts_nor_gets_a_gradient():
    x, y = sample(0), sample(1)
    cells = torch.zeros(1, 3, 16, 16, requires_grad=True)
    structure = enlarge_cells(torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), CELL)
    torch.testing.assert_close(texture_distance(y + structure, x), texture_distance(y, x), atol=1e-6, rtol=1e-4)
    p = y.clone().requires_grad_()
    pixels, slope = torch.autograd.grad(texture_distance(p + enlarge_cells(cells, CELL), x), (p, cells))
    assert slope.abs().max() < 1e-3 * pixels.abs().max()


def test_it_has_one_value_and_the_global_generator_is_left_alone():
    x, y = sample(0), sample(1)
    state = torch.get_rng_state()
    assert texture_distance(y, x) == texture_distance(y, x)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_batch_is_its_pictures_and_any_multiple_of_a_cell_will_do():
    x, y = sample(0, 36, batch=2), sample(1, 36, batch=2)
    singles = torch.stack([texture_distance(y[i : i + 1], x[i : i + 1]) for i in range(2)]).mean()
    torch.testing.assert_close(texture_distance(y, x), singles)


def test_a_faint_texture_is_driven_to_the_energy_of_another_sample():
    """A filter of one layer learns the energy and direction of stripes it never sees twice."""
    torch.manual_seed(0)
    made = torch.nn.Conv2d(3, 3, 7, padding=3, bias=False, padding_mode="circular")
    torch.nn.init.normal_(made.weight, std=0.002)
    optimizer = torch.optim.Adam(made.parameters(), 1e-2)
    target = float(sample(99, angle=0.0).std())
    energies, drawn = [], torch.empty(0)
    for step in range(40):
        noise = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(step))
        drawn = 0.5 + made(noise)
        optimizer.zero_grad()
        texture_distance(drawn, sample(step + 1000, 32, angle=0.0)).backward()
        optimizer.step()
        energies.append(float(drawn.detach().std()) / target)
    assert energies[0] < 0.4 and 0.85 < sum(energies[-10:]) / 10 < 1.15
    upright, flat = (sample(7, 32, angle=angle) for angle in (0.0, torch.pi / 2))
    assert texture_distance(drawn.detach(), upright) < texture_distance(flat, upright) / 2


def test_the_drift_is_what_the_measure_of_others_sees_of_a_texture_without_cell_means():
    x = sample(0)
    texture = x - low_band(x, CELL)
    (plane,) = texture[0].permute(1, 2, 0)[None].double().numpy()
    seen = imresize(plane, Fraction(1, 4))
    assert float(structure_drift(texture)) == pytest.approx(float(np.abs(seen).mean()), rel=0.05)  # borders differ
    assert 0 < structure_drift(texture) < 0.2 * texture.abs().mean()


def test_the_drift_leaves_alone_what_is_finer_than_four_pixels():
    fine = torch.tensor([1.0, -1.0]).repeat(32).expand(1, 3, 64, 64)
    assert structure_drift(fine) < 0.02 < structure_drift(torch.full((1, 3, 64, 64), 0.1))
