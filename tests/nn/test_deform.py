"""`DeformableAttn`: plain neighbourhood attention on displaced keys and values."""

import pytest
import torch
import torch.nn.functional as F

from harmonic.nn.block import Block
from harmonic.nn.deform import DeformableAttn
from harmonic.nn.guide import Guide


def _mixer(moving: float = 0.0, kernel: int = 3, bound: int = 4) -> DeformableAttn:
    torch.manual_seed(0)
    mixer = DeformableAttn(12, 3, kernel, bound)
    torch.nn.init.normal_(mixer.bias)
    torch.nn.init.ones_(mixer.project.scale)
    if moving:
        torch.nn.init.normal_(mixer.offset.weight, std=moving)
    return mixer.eval()


def _plain(mixer: DeformableAttn, x: torch.Tensor) -> torch.Tensor:
    """Neighbourhood attention position by position."""
    (_, C, H, W), k, d = x.shape, mixer.kernel, x.shape[1] // mixer.heads
    query, key, value = mixer.qkv(x)[0].reshape(3, mixer.heads, d, H, W)
    y = torch.zeros(mixer.heads, d, H, W)
    for i in range(H):
        for j in range(W):
            places = [(i + a - k // 2, j + b - k // 2, k * a + b) for a in range(k) for b in range(k)]
            places = [(r, c, n) for r, c, n in places if 0 <= r < H and 0 <= c < W]
            for h in range(mixer.heads):
                scores = torch.stack(
                    [query[h, :, i, j] @ key[h, :, r, c] / d**0.5 + mixer.bias[n, h] for r, c, n in places]
                )
                weights = scores.softmax(0)
                y[h, :, i, j] = sum(w * value[h, :, r, c] for w, (r, c, _) in zip(weights, places, strict=True))
    return mixer.project(y.reshape(1, C, H, W))


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_it_starts_as_plain_neighbourhood_attention(kernel):
    mixer, x = _mixer(kernel=kernel), torch.randn(1, 12, 5, 7)
    assert not mixer.offsets(mixer.qkv(x)[:, :12]).any()
    torch.testing.assert_close(mixer(x, None), _plain(mixer, x), atol=1e-6, rtol=1e-5)


def test_whole_offsets_fetch_whole_positions():
    mixer, x = _mixer(), torch.randn(1, 12, 16, 16)
    with torch.no_grad():
        mixer.offset.bias.copy_(torch.atanh(torch.tensor([0.5, -0.25])).repeat(3))  # dy = 2, dx = -1
    moved = x.roll((-2, 1), (2, 3))
    query = mixer.qkv(x)[:, :12]
    with torch.no_grad():
        key, value = mixer.qkv(moved).chunk(3, 1)[1:]
        parts = (p.permute(0, 2, 3, 1).unflatten(-1, (3, 4)) for p in (query, key, value))
        expected = mixer.project(mixer._attend(*parts).flatten(-2).permute(0, 3, 1, 2))
        torch.testing.assert_close(mixer(x, None)[..., 3:-3, 3:-3], expected[..., 3:-3, 3:-3], atol=1e-5, rtol=1e-5)


def test_offsets_stay_within_the_bound():
    mixer = _mixer(moving=100.0, bound=3)
    offsets = mixer.offsets(torch.randn(2, 12, 8, 8))
    assert offsets.shape == (2, 8, 8, 3, 2)
    assert 2.9 < offsets.abs().max() <= 3


def test_an_undefined_position_spoils_only_what_is_in_reach():
    mixer, x = _mixer(moving=5.0), torch.randn(1, 12, 32, 32)
    x[..., 16, 15] = torch.nan
    spoilt = mixer(x, None).isnan().any(1)[0].nonzero() - torch.tensor([16, 15])
    assert 1 < spoilt.abs().max() <= mixer.reach


def test_the_stated_reach_is_met_within_two():
    mixer, x = _mixer(), torch.randn(1, 12, 24, 24)
    torch.nn.init.constant_(mixer.offset.bias, 9.0)
    x.requires_grad_()
    mixer(x, None)[0, :, 8, 8].sum().backward()
    farthest = (x.grad[0].abs().amax(0).nonzero() - 8).max()
    assert mixer.reach - 2 <= farthest <= mixer.reach


def test_tiles_equal_the_whole_beyond_the_reach():
    mixer, x = _mixer(moving=1.0), torch.randn(1, 12, 40, 44)
    r = mixer.reach
    whole, tile = mixer(x, None), mixer(x[..., 4:36, 8:40], None)
    torch.testing.assert_close(tile[..., r:-r, r:-r], whole[..., 4 + r : 36 - r, 8 + r : 40 - r], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(tile[..., 0, :], whole[..., 4, 8:40], atol=1e-3)  # the halo is needed


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (1, 9), (17, 23)])
def test_any_size_any_batch(size):
    mixer, x = _mixer(moving=1.0), torch.randn(3, 12, *size)
    y = mixer(x, None)
    assert y.shape == x.shape and y.isfinite().all()
    torch.testing.assert_close(y, torch.cat([mixer(one[None], None) for one in x]), atol=1e-5, rtol=1e-5)


def test_strides_stay_channels_last_and_bf16_is_close():
    mixer, x = _mixer(moving=0.1), torch.randn(1, 12, 16, 16).contiguous(memory_format=torch.channels_last)
    y = mixer(x, None)
    assert y.is_contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        assert (mixer(x, None).float() - y).abs().max() < 3e-2 * y.abs().max()


def test_every_parameter_learns_at_the_second_step():
    torch.manual_seed(0)
    block = Block(DeformableAttn(12, 3), 12, 1.0, True)
    optimiser, x = torch.optim.SGD(block.parameters(), 1e-2), torch.randn(2, 12, 12, 12)
    for _ in range(2):
        optimiser.zero_grad()
        F.mse_loss(block(x, Guide()), 2 * x).backward()
        optimiser.step()
    assert all(p.grad is not None and p.grad.any() for p in block.parameters())


def test_it_exports_with_any_size():
    mixer, free = _mixer(moving=1.0), torch.export.Dim.DYNAMIC
    shapes = ({2: free, 3: free}, None)
    exported = torch.export.export(mixer, (torch.randn(1, 12, 12, 20), None), dynamic_shapes=shapes).module()
    x = torch.randn(1, 12, 9, 30)
    torch.testing.assert_close(exported(x, None), mixer(x, None), atol=1e-5, rtol=1e-5)
