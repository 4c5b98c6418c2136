"""Modulated convolution against StyleGAN2's form, and at the ends of its range."""

import math

import pytest
import torch
import torch.nn.functional as F

from harmonic.nn.cells import Cells
from harmonic.nn.modulated import ModulatedConv, guarded_weight, modulation


def _stylegan2(x: torch.Tensor, weight: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
    """Per-sample kernels in float64, as the paper writes it. x (B, I, H, W), style (B, I)"""
    x, weight, style = x.double(), weight.double(), style.double()
    kernels = weight[None] * style[:, None, :, None, None]
    kernels = kernels * (kernels.square().sum((2, 3, 4), keepdim=True) + 1e-12).rsqrt()
    return torch.cat([F.conv2d(one[None], kernel, padding=1) for one, kernel in zip(x, kernels, strict=True)])


def _layer() -> ModulatedConv:
    torch.manual_seed(0)
    return ModulatedConv(6, 8, 4)


def test_it_equals_per_sample_kernels_where_the_style_is_flat():
    layer, x = _layer(), torch.randn(3, 6, 32, 64)
    style = torch.randn(3, 4, 1, 1).expand(3, 4, 1, 2)
    expected = _stylegan2(x, layer.weight, layer.style(style)[..., 0, 0])
    expected = F.leaky_relu(expected, 0.2) * math.sqrt(2)
    torch.testing.assert_close(
        layer(x, Cells(style, 32, 32), torch.zeros(3, 1, 32, 64)), expected.float(), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 400.0, 1e6])
def test_the_guard_keeps_any_scale_of_style_and_weight(factor):
    weight, scale = torch.randn(512, 512, 3, 3), torch.randn(1, 512, 1, 1)
    plain = modulation(scale, guarded_weight(weight))
    for s, w in ((factor, 1.0), (1.0, factor)):
        scaled = modulation(s * scale, guarded_weight(w * weight))
        for a, b in zip(scaled, plain, strict=True):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
            assert a.half().isfinite().all() and a.abs().max() < 100


def test_a_style_of_zeros_is_finite():
    scale, demodulation = modulation(torch.zeros(1, 6, 2, 2), guarded_weight(torch.randn(8, 6, 3, 3)))
    assert not scale.any() and demodulation.isfinite().all()


def test_unit_variance_in_gives_unit_variance_out():
    weight, style = torch.randn(64, 32, 3, 3), 1 + torch.randn(1, 32, 1, 1)
    scale, demodulation = modulation(style, guarded_weight(weight))
    y = F.conv2d(torch.randn(1, 32, 128, 128) * scale, guarded_weight(weight), padding=1) * demodulation
    assert abs(y[..., 1:-1, 1:-1].std() - 1) < 0.05


def test_noise_has_no_strength_at_birth():
    layer, x, style = _layer(), torch.randn(1, 6, 32, 32), Cells(torch.randn(1, 4, 1, 1), 32, 32)
    noise = torch.randn(1, 1, 32, 32)
    assert torch.equal(layer(x, style, noise), layer(x, style, 0 * noise))
    torch.nn.init.ones_(layer.strength)
    assert not torch.equal(layer(x, style, noise), layer(x, style, 0 * noise))
