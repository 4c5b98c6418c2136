"""Displaced sampling against plain indexing and against its own definition."""

import pytest
import torch

from harmonic.ops.sample import displace


def test_zero_offsets_return_the_input_bit_for_bit():
    x = torch.randn(2, 5, 7, 3, 4)
    assert torch.equal(displace(x, torch.zeros(2, 5, 7, 3, 2)), x)
    assert torch.equal(displace(x.bfloat16(), torch.zeros(2, 5, 7, 3, 2)), x.bfloat16())


@pytest.mark.parametrize(("dy", "dx"), [(1, 0), (0, -3), (-4, 2), (4, 4)])
def test_whole_offsets_return_the_very_value_there(dy, dx):
    x = torch.randn(1, 9, 8, 2, 3)
    y = displace(x, torch.tensor([dy, dx]).float().expand(1, 9, 8, 2, 2))
    rows, columns = (torch.arange(9) + dy).clamp(0, 8), (torch.arange(8) + dx).clamp(0, 7)
    assert torch.equal(y, x[:, rows][:, :, columns])


def test_broken_offsets_are_bilinear_per_group():
    x, offset = torch.randn(2, 6, 5, 2, 3), 3 * torch.randn(2, 6, 5, 2, 2)
    y = displace(x, offset)
    for b, i, j, g in ((0, 0, 0, 0), (1, 5, 4, 1), (0, 3, 2, 1), (1, 2, 4, 0)):
        v, u = i + offset[b, i, j, g, 0].item(), j + offset[b, i, j, g, 1].item()
        v0, u0 = int(v // 1), int(u // 1)
        expected = torch.zeros(3)
        for p in (v0, v0 + 1):
            for q in (u0, u0 + 1):
                weight = (1 - abs(v - p)) * (1 - abs(u - q))
                expected += weight * x[b, min(max(p, 0), 5), min(max(q, 0), 4), g]
        torch.testing.assert_close(y[b, i, j, g], expected, atol=1e-5, rtol=1e-5)


def test_gradients_are_right():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 4, 3, 2, 2, dtype=torch.double, generator=generator, requires_grad=True)
    offset = torch.randn(1, 4, 3, 2, 2, dtype=torch.double, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(displace, (x, offset))


def test_one_position_is_a_map_too():
    x = torch.randn(1, 1, 1, 1, 2)
    torch.testing.assert_close(displace(x, torch.tensor([2.3, -1.7]).reshape(1, 1, 1, 1, 2)), x)
