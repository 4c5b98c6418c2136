"""Noise and sharpness measured on cells, on pictures made for it."""

import math

import torch
import torch.nn.functional as F

from harmonic.ops.local_quality import local_quality, quality_features


def scene(blur: float = 0.0) -> torch.Tensor:
    """Discs with hard edges on a slope, 256², blurred. (1, 3, 256, 256)"""
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    picture = (0.3 + 0.2 * x / 256).expand(1, 3, 256, 256).clone()
    for _ in range(60):
        cy, cx, r = (torch.rand(3, generator=generator) * torch.tensor([256, 256, 30])).tolist()
        colour = torch.rand(3, generator=generator)[:, None] * 0.8 + 0.1
        picture[0, :, (y - cy) ** 2 + (x - cx) ** 2 < (r + 3) ** 2] = colour
    if blur:
        taps = torch.arange(-4 * blur, 4 * blur + 1)
        line = torch.exp(-taps.square() / (2 * blur**2))
        line = (line / line.sum()).expand(3, 1, 1, -1)
        n = line.shape[-1] // 2
        picture = F.conv2d(F.pad(picture, (n, n, n, n), mode="replicate"), line, groups=3)
        picture = F.conv2d(picture, line.transpose(2, 3), groups=3)
    return picture


def noisy(picture: torch.Tensor, level: float, grey: bool = False) -> torch.Tensor:
    noise = torch.randn(picture[:, :1].shape if grey else picture.shape, generator=torch.Generator().manual_seed(1))
    return picture + level / 255 * noise


def test_noise_is_measured_right_on_flat_and_on_drawn_pictures():
    for grey in (False, True):
        for level in (5, 15, 25, 50):
            flat = 255 * local_quality(noisy(torch.full((1, 3, 256, 256), 0.5), level, grey))[:, 0]
            drawn = 255 * local_quality(noisy(scene(), level, grey))[:, 0]
            assert abs(flat.mean() / level - 1) < 0.01 and (flat / level - 1).abs().max() < 0.2
            assert abs(drawn.mean() - level) < 0.1 * level + 0.5


def test_planes_and_flat_areas_have_no_noise():
    slope = torch.arange(64.0).expand(1, 3, 64, 64) / 64
    assert local_quality(slope)[:, 0].max() < 1e-3
    assert local_quality(torch.zeros(1, 3, 32, 32)).max() < 1e-5


def test_blur_lowers_sharpness_and_noise_does_not_feign_it():
    sharp, soft, softest = (local_quality(scene(blur))[:, 1].mean() for blur in (0.0, 1.0, 3.0))
    assert sharp > 2 * soft > 4 * softest
    blurred_and_noisy, clean = local_quality(noisy(scene(2.0), 15))[:, 1], local_quality(scene())[:, 1]
    plain = F.avg_pool2d(_laplacian(noisy(scene(2.0), 15)).square().mean(1), 32).sqrt()
    assert plain.mean() > clean.mean()  # uncorrected it looks sharper than the clean picture
    assert blurred_and_noisy.mean() < 0.6 * clean.mean()


def _laplacian(x: torch.Tensor) -> torch.Tensor:
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]).expand(3, 1, 3, 3)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=3)


def test_a_cell_sees_one_pixel_beyond_itself():
    x = torch.rand(1, 3, 96, 96, requires_grad=True)
    local_quality(x)[0, :, 1, 1].sum().backward()
    seen = x.grad[0].abs().amax(0) > 0
    assert seen[31:65, 31:65].float().mean() > 0.9
    seen[31:65, 31:65] = False
    assert not seen.any()


def test_the_last_cells_are_measured_on_what_is_there():
    x = noisy(torch.full((1, 3, 80, 112), 0.5), 15)
    found = local_quality(x)
    assert found.shape == (1, 2, 3, 4)
    assert torch.equal(found[..., :1, :2], local_quality(x[..., :64, :96])[..., :1, :2])
    assert (255 * found[:, 0] - 15).abs().max() < 3  # of a quarter of a cell


def test_tiles_equal_the_whole_beyond_one_cell_and_precision_is_kept():
    x = noisy(scene(), 10)
    whole, tile = local_quality(x), local_quality(x[..., 32:192, 64:224])
    torch.testing.assert_close(tile[..., 1:-1, 1:-1], whole[..., 2:5, 3:6], atol=1e-6, rtol=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(local_quality(x), whole)


def test_features_are_logarithms_of_grey_levels():
    assert torch.allclose(quality_features(torch.tensor([0.0, 15 / 255])), torch.tensor([0.0, math.log(16)]))
