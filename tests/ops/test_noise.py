"""Noise keyed by position: a pure function, and statistically noise."""

import math

import pytest
import torch

from harmonic.ops.noise import Noise, gaussian_noise


def _noise(seed: int, y: int = 0, x: int = 0, layers: int = 2, height: int = 512, width: int = 512) -> torch.Tensor:
    return gaussian_noise(torch.tensor([seed]), torch.tensor([[y, x]]), layers, height, width)


def _correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1].item()


@pytest.mark.parametrize(("y", "x"), [(0, 0), (1, 3), (200, 64), (37, 480)])
def test_a_tile_has_the_values_of_the_whole(y, x):
    whole, tile = _noise(5), _noise(5, y, x, height=61, width=32)
    torch.testing.assert_close(tile, whole[..., y : y + 61, x : x + 32], atol=1e-6, rtol=0)


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**31, 2**62 + 12345])
def test_it_is_standard_normal_and_white(seed):
    z = _noise(seed)
    few = 5 / z.numel() ** 0.5  # five standard errors of a mean
    assert z.isfinite().all()
    assert abs(z.mean()) < few and abs(z.var() - 1) < few * 2**0.5
    assert abs((z**3).mean()) < few * 15**0.5 and abs((z**4).mean() - 3) < few * 96**0.5
    inside = torch.tensor([(z.abs() < k).float().mean() for k in (1, 2, 3, 4)])
    torch.testing.assert_close(inside, torch.tensor([0.68269, 0.95450, 0.99730, 0.999937]), atol=few / 2, rtol=0)
    for dy, dx in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (0, 16), (16, 0), (0, 256)):
        assert abs(_correlation(z[..., dy:, dx:], z[..., : 512 - dy, : 512 - dx])) < few, (dy, dx)


def test_no_frequency_stands_out():
    power = torch.fft.rfft2(_noise(3)).abs().square() / 512**2
    bands = torch.nn.functional.avg_pool2d(power[..., 1:, 1:], 15)
    assert (bands - 1).abs().max() < 0.45  # 225 values a band: 0.067 each
    assert power.max() < 25


@pytest.mark.parametrize("other", [1, 2**32, 2**63 - 1])
def test_seeds_and_layers_are_independent(other):
    a, b = _noise(0), _noise(other)
    assert abs(_correlation(a, b)) < 0.008
    assert abs(_correlation(a.abs(), b.abs())) < 0.008
    assert abs(_correlation(a[:, 0], a[:, 1])) < 0.01
    assert abs(_correlation(a[:, 0].abs(), a[:, 1].abs())) < 0.01


def test_layers_do_not_depend_on_their_number():
    assert torch.equal(_noise(9, layers=1), _noise(9, layers=3)[:, :1])


def test_rows_far_down_are_no_permutations_of_others():
    z = _noise(4, y=100_000, layers=1, height=1000, width=1024)[0, 0].sort(1).values
    assert torch.cdist(z[None], z[None])[0].fill_diagonal_(9).min() > 0.1


def test_a_batch_is_its_pictures():
    noise = Noise(torch.tensor([1, 1, 8]), torch.tensor([[0, 0], [32, 64], [0, 0]]))
    planes = noise.planes(2, 64, 96)
    assert planes.shape == (3, 2, 64, 96)
    for i, (seed, y, x) in enumerate([(1, 0, 0), (1, 32, 64), (8, 0, 0)]):
        torch.testing.assert_close(planes[i : i + 1], _noise(seed, y, x, 2, 64, 96), atol=1e-6, rtol=0)


def _plain(seed: int, layer: int, y: int, x: int) -> float:
    """One value with Python's integers."""

    def mix(h: int) -> int:
        h = ((h ^ (h >> 16)) * 0x21F0AAAD) & 0xFFFFFFFF
        h = ((h ^ (h >> 15)) * 0xD35A2D97) & 0xFFFFFFFF
        return h ^ (h >> 15)

    key = mix(mix((seed & 0xFFFFFFFF) ^ 0x1E3779B9) ^ (seed >> 32))
    u, v = (((mix(mix(mix(key ^ (2 * layer + draw)) ^ y) ^ x) >> 9) + 0.5) / 2**23 for draw in (0, 1))
    return math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)


def test_values_are_fixed_for_good():
    """Weights trained with this noise, and users' seeds, rely on the very values."""
    for seed, y, x in ((0, 0, 0), (1, 10, 20), (2**31 + 5, 4096, 70_000), (2**62 + 12345, 3, 2)):
        expected = [[[[_plain(seed, k, y + i, x + j) for j in range(3)] for i in range(2)] for k in range(2)]]
        torch.testing.assert_close(_noise(seed, y, x, 2, 2, 3), torch.tensor(expected), atol=1e-5, rtol=0)


def test_it_exports_with_any_size():
    class Planes(torch.nn.Module):
        def forward(self, seed, origin, x):
            return gaussian_noise(seed, origin, 2, x.shape[-2], x.shape[-1])

    free = torch.export.Dim.DYNAMIC
    args = (torch.tensor([3]), torch.tensor([[32, 64]]), torch.zeros(1, 1, 32, 48))
    exported = torch.export.export(Planes(), args, dynamic_shapes=(None, None, {2: free, 3: free})).module()
    torch.testing.assert_close(exported(*args[:2], torch.zeros(1, 1, 40, 24)), _noise(3, 32, 64, 2, 40, 24))
