"""The band split is exact: A·S = I, P² = P, nothing lost."""

import pytest
import torch

from harmonic.ops.band import cell_mean, enlarge_cells, low_band, smooth_phases

cells = pytest.mark.parametrize("cell", [4, 6, 8])


@cells
def test_the_mean_of_an_enlarged_cell_is_the_cell(cell):
    values = torch.rand(2, 3, 5, 7, dtype=torch.float64)
    torch.testing.assert_close(cell_mean(enlarge_cells(values, cell), cell), values, atol=1e-12, rtol=0)


@cells
def test_the_filters_average_to_a_unit_impulse(cell):
    impulse = torch.zeros(7, dtype=torch.float64)
    impulse[3] = 1
    torch.testing.assert_close(smooth_phases(cell).mean(0), impulse, atol=1e-14, rtol=0)


@cells
def test_projecting_twice_is_projecting_once(cell):
    x = torch.rand(1, 3, 6 * cell, 5 * cell, dtype=torch.float64)
    once = low_band(x, cell)
    torch.testing.assert_close(low_band(once, cell), once, atol=1e-12, rtol=0)


@cells
def test_what_is_left_has_no_cell_mean(cell):
    x = torch.rand(1, 3, 6 * cell, 5 * cell)
    assert cell_mean(x - low_band(x, cell), cell).abs().max() <= 1e-6


def test_enlarging_a_constant_gives_the_constant():
    assert torch.allclose(enlarge_cells(torch.full((1, 1, 3, 3), 0.7), 4), torch.tensor(0.7), atol=1e-6)


def test_a_step_between_cells_is_enlarged_without_a_block_edge():
    """Gradient across cell borders is no larger than 1.3 times the largest gradient inside cells."""
    step = torch.zeros(1, 1, 1, 8, dtype=torch.float64)
    step[..., 4:] = 1
    line = enlarge_cells(step.expand(1, 1, 8, 8), 4)[0, 0, 16]
    gradient = line.diff().abs()
    borders = gradient[3::4]
    inside = torch.stack([g for i, g in enumerate(gradient) if i % 4 != 3])
    assert borders.max() <= 1.3 * inside.max()
