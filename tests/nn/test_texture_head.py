"""The texture head and its gate: laws of generation."""

import pytest
import torch
import torch.nn.functional as F

from harmonic.nn.cells import CELL, Cells
from harmonic.nn.texture_head import TextureGate, TextureHead, border_ramp
from harmonic.ops.local_quality import local_quality
from harmonic.ops.noise import Noise


def _scene(soft: bool) -> torch.Tensor:
    """Squares of random colours, hard edges or defocused. (1, 3, 256, 256)"""
    colours = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    x = colours.repeat_interleave(8, 2).repeat_interleave(8, 3)
    for _ in range(20 * soft):
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


def _noisy(x: torch.Tensor, level: float) -> torch.Tensor:
    return x + level / 255 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))


def _head(alive: bool = True) -> TextureHead:
    torch.manual_seed(0)
    head = TextureHead(inputs=10, high_pass=8, cells=6, channels=8, factor=2)
    if alive:
        torch.nn.init.normal_(head.out.weight, std=0.1)
        for layer in head.body:
            torch.nn.init.normal_(layer.strength)
    return head


def _inputs(batch: int = 1, height: int = 96, width: int = 128):
    generator = torch.Generator().manual_seed(7)
    count = -(-height // CELL), -(-width // CELL)
    shapes = [(10, height // 2, width // 2), (8, height, width), (6, *count), (2, *count)]
    h0, q, context, quality = (torch.randn(batch, *shape, generator=generator) for shape in shapes)
    return h0, q, _cells(context, height), _cells(quality.abs() / 20, height)


def _cells(values: torch.Tensor, height: int) -> Cells:
    """Of a picture of so many rows, pooled at stride 2."""
    return Cells(values, CELL // 2, height // 2)


def _quality(x: torch.Tensor) -> Cells:
    return _cells(local_quality(x), x.shape[-2])


def _planes(seed: int, height: int = 96, width: int = 128, y: int = 0, x: int = 0) -> torch.Tensor:
    return Noise(torch.tensor([seed]), torch.tensor([[y, x]])).planes(2, height, width)


def test_a_new_head_generates_nothing():
    assert not _head(alive=False)(*_inputs(), _planes(0)).any()
    assert _head().out.bias is None


def test_one_seed_one_texture_two_seeds_two():
    head, inputs = _head(), _inputs()
    assert torch.equal(head(*inputs, _planes(1)), head(*inputs, _planes(1)))
    assert (head(*inputs, _planes(1)) - head(*inputs, _planes(2))).abs().mean() > 0.01


def test_features_say_where_texture_is_missing():
    head, (h0, *others) = _head(), _inputs()
    h0[:, 0], h0[:, 0, :, 32:] = -1, 1
    open_everywhere = 2 * head(h0, *others, _planes(1))  # a new head's factor is a half
    torch.nn.init.constant_(head.place.weight[:, :1], 50)
    t = head(h0, *others, _planes(1))
    assert t[..., :62].abs().max() < 1e-6 < t[..., 66:].abs().max()
    torch.testing.assert_close(t[..., 66:], open_everywhere[..., 66:])


def test_texture_fades_out_where_the_head_sees_no_picture():
    ramp = border_ramp(32, 48, 5, torch.zeros(1))
    assert ramp.shape == (32, 48) and not any(side.any() for side in (ramp[0], ramp[-1], ramp[:, 0], ramp[:, -1]))
    assert (ramp[5:-5, 5:-5] == 1).all() and 0 < ramp[2, 20] < 1


def test_tiles_equal_the_whole():
    head, (h0, q, cells, quality) = _head(), _inputs(height=192, width=192)
    whole = head(h0, q, cells, quality, _planes(3, 192, 192))
    near = (_cells(part.values[..., 1:5, 1:5], 128) for part in (cells, quality))
    tile = (h0[..., 16:80, 16:80], q[..., 32:160, 32:160], *near)
    t = head(*tile, _planes(3, 128, 128, 32, 32))
    torch.testing.assert_close(t[..., 32:-32, 32:-32], whole[..., 64:128, 64:128], atol=1e-5, rtol=1e-4)
    wrong = head(*tile, _planes(3, 128, 128))  # an origin left at zero is noticed
    assert (wrong - t)[..., 32:-32, 32:-32].abs().max() > 0.1


def test_the_last_cells_may_end_with_the_picture():
    """As if the picture went on to whole cells, where the border is not seen."""
    head, (h0, q, *cells) = _head(), _inputs(height=96, width=128)
    whole = head(h0, q, *cells, _planes(3))
    part = head(h0[..., :40, :52], q[..., :80, :104], *(_cells(c.values, 80) for c in cells), _planes(3, 80, 104))
    inside = (..., slice(80 - head.reach), slice(104 - head.reach))
    torch.testing.assert_close(part[inside], whole[..., :80, :104][inside], atol=1e-5, rtol=1e-4)


def test_a_batch_is_its_pictures():
    head, inputs = _head(), _inputs(batch=2)
    noise = torch.cat([_planes(1), _planes(2)])
    singles = [
        head(*(p.of(p.values[i : i + 1]) if isinstance(p, Cells) else p[i : i + 1] for p in (*inputs, noise)))
        for i in range(2)
    ]
    torch.testing.assert_close(head(*inputs, noise), torch.cat(singles), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("place", [(40, 60), (41, 61)])
def test_its_reach_in_pixels_is_met(place):
    head, (h0, q, cells, quality) = _head(), _inputs()
    h0.requires_grad_()
    q.requires_grad_()
    head(h0, q, cells, quality, _planes(0))[0, :, *place].sum().backward()
    of_q = q.grad[0].abs().amax(0)
    of_h0 = h0.grad[0].abs().amax(0).repeat_interleave(2, 0).repeat_interleave(2, 1)  # a position is 2 x 2 pixels
    far = [(seen.nonzero() - torch.tensor(place)).abs().max() for seen in (of_q, of_h0)]
    assert max(far) == head.reach


def test_what_comes_from_features_prints_no_grid():
    head, (h0, q, cells, quality) = _head(), _inputs()
    for layer in head.body:
        torch.nn.init.zeros_(layer.strength)  # without noise
    flat = head(
        torch.ones_like(h0),
        torch.zeros_like(q),
        *(c.of(torch.ones_like(c.values)) for c in (cells, quality)),
        _planes(0),
    )
    inside = flat[..., 8:-8, 8:-8]
    assert inside.std() < 1e-5 * inside.abs().mean()


def test_every_parameter_learns_at_the_second_step():
    head, gate, inputs = _head(alive=False), TextureGate(), _inputs()
    parameters = [*head.parameters(), *gate.parameters()]
    optimiser = torch.optim.SGD(parameters, 1e-1)
    target = torch.randn(1, 1, 96, 128)
    for _ in range(2):
        optimiser.zero_grad()
        F.mse_loss(gate(inputs[3], (96, 128)) * head(*inputs, _planes(0)), target).backward()
        optimiser.step()
    assert all(p.grad is not None and p.grad.any() for p in parameters)


def test_bf16_is_close_and_strides_stay_channels_last():
    head, inputs = _head(), _inputs()
    inputs = tuple(p.contiguous(memory_format=torch.channels_last) for p in inputs[:2]) + inputs[2:]
    t = head(*inputs, _planes(0))
    assert t.is_contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        assert (head(*inputs, _planes(0)).float() - t).abs().max() < 3e-2 * t.abs().max()


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_more_noise_opens_the_gate_and_it_stays_between_0_and_1(trained, soft):
    torch.manual_seed(0)
    gate = TextureGate()
    if trained:
        torch.nn.init.normal_(gate.slopes, std=2)
        torch.nn.init.normal_(gate.threshold)
    gates = [gate(_quality(_noisy(_scene(soft), level)), (256, 256)) for level in (0, 5, 15, 25, 50)]
    assert all(g.min() >= 0 and g.max() <= 1 and g.shape == (1, 1, 256, 256) for g in gates)
    means = torch.stack([g.mean() for g in gates])
    assert (means.diff() > 0).all()
    assert (gates[-1] >= gates[0] - 1e-3).all()


def test_extreme_measurements_stay_between_0_and_1():
    gate = TextureGate()
    g = gate(_cells(torch.tensor([0.0, 1e3, 0.0, 1e6]).reshape(1, 2, 1, 2), 32), (32, 64))
    assert g.min() >= 0 and g.max() <= 1


def test_defocus_keeps_the_gate_shut_and_sharp_detail_does_not():
    gate = TextureGate()
    assert gate(_quality(_scene(soft=True)), (256, 256)).mean() < 0.2
    assert gate(_quality(_noisy(_scene(soft=False), 25)), (256, 256)).mean() > 0.9


def test_it_exports_with_any_size():
    head, gate, (h0, q, *cells) = _head(), TextureGate(), _inputs()
    rows, columns = (torch.export.Dim(name, min=2, max=99) for name in ("rows", "columns"))  # of cells

    class Both(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.gate = head, gate

        def forward(self, h0, q, cells, quality, noise):
            cells, quality = (Cells(values, CELL // 2, h0.shape[-2]) for values in (cells, quality))
            return self.gate(quality, q.shape[-2:]) * self.head(h0, q, cells, quality, noise)

    given = h0, q, *(part.values for part in cells), _planes(0)
    shapes = tuple({2: k * rows, 3: k * columns} for k in (16, 32, 1, 1, 32))
    exported = torch.export.export(Both(), given, dynamic_shapes=shapes).module()
    h0, q, *cells = _inputs(height=64, width=192)
    other = h0, q, *(part.values for part in cells), _planes(0, 64, 192)
    torch.testing.assert_close(exported(*other), Both()(*other), atol=1e-5, rtol=1e-4)
