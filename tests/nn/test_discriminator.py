"""Laws of the discriminator: blind to structure, pure, and nowhere steeper than its norms allow."""

import pytest
import torch

from harmonic.losses.adversarial import (
    feature_matching,
    hinge_discriminator,
    hinge_generator,
    r1_penalty,
    relativistic_discriminator,
    relativistic_generator,
)
from harmonic.nn.discriminator import SpectralConv, UNetDiscriminator
from harmonic.ops.band import enlarge_cells, low_band
from textures import sample


def discriminator(**options) -> UNetDiscriminator:
    torch.manual_seed(0)
    return UNetDiscriminator(width=8, **options)


def step(d: UNetDiscriminator, optimizer: torch.optim.Optimizer, real: torch.Tensor, fake: torch.Tensor) -> None:
    d.advance()
    optimizer.zero_grad()
    hinge_discriminator(d(real).scores, d(fake).scores).backward()
    optimizer.step()


def trained(steps: int = 30) -> UNetDiscriminator:
    """At a high rate, so that weights move far from where power iteration began."""
    d = discriminator()
    optimizer = torch.optim.Adam(d.parameters(), 3e-3)
    for index in range(steps):
        step(d, optimizer, sample(index, 16, 2), sample(index + 1000, 16, 2, amplitude=0.1))
    return d


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (8, 8), (9, 16), (33, 21), (64, 40)])
@pytest.mark.parametrize("cell", [4, 6, 8])
def test_any_size_gives_a_score_per_pixel_and_maps_of_four_levels(size, cell):
    judgement = discriminator(cell=cell)(torch.rand(2, 3, *size))
    assert judgement.scores.shape == (2, 1, *size)
    assert judgement.scores.isfinite().all()
    whole = judgement.maps[0].shape[-2:]
    assert [m.shape[1:] for m in judgement.maps] == [(8 << k, whole[0] >> k, whole[1] >> k) for k in range(4)]


@pytest.mark.parametrize("cell", [4, 8])
def test_structure_changes_nothing_it_sees(cell):
    d, x = discriminator(cell=cell), sample(0, 48, 2)
    structure = 4 * torch.rand(2, 3, 48 // cell, 48 // cell)
    seen, moved = d(x), d(x + enlarge_cells(structure, cell))
    torch.testing.assert_close(moved.scores, seen.scores, atol=1e-5, rtol=1e-4)
    assert (d(x + 0.1 * torch.rand(x.shape)).scores - seen.scores).abs().max() > 1e-3


def test_no_gradient_leads_to_structure():
    d, x = discriminator(), sample(0, 48).requires_grad_()
    cells = torch.zeros(1, 3, 12, 12, requires_grad=True)
    judgement = d(x + enlarge_cells(cells, 4))
    for value in (hinge_generator(judgement.scores), feature_matching(judgement.maps, d(sample(1, 48)).maps)):
        pixels, structure = torch.autograd.grad(value, (x, cells), retain_graph=True)
        assert pixels.abs().max() > 0
        assert structure.abs().max() < 1e-4 * pixels.abs().max()


def test_texture_without_cell_means_keeps_them_when_it_follows_the_discriminator():
    """The step of a generator that adds (I - P)t: whatever it learns, cell means of the picture stay."""
    d, x = discriminator(), sample(0, 48)
    t = torch.zeros(1, 3, 48, 48, requires_grad=True)
    (slope,) = torch.autograd.grad(hinge_generator(d(x + t - low_band(t, 4)).scores), t)
    t = 100 * slope
    moved = t - low_band(t, 4)
    assert moved.abs().max() > 1e-3
    assert torch.nn.functional.avg_pool2d(moved, 4).abs().max() < 1e-5 * moved.abs().max()


def test_forward_changes_no_state_in_either_mode():
    d, x = trained(3), sample(0, 24)
    before = {name: value.clone() for name, value in d.state_dict().items()}
    first = d.train()(x).scores
    second = d.eval()(x).scores
    assert torch.equal(first, second)
    assert all(torch.equal(value, before[name]) for name, value in d.state_dict().items())
    d.advance()
    changed = {name for name, value in d.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.endswith(".u") for name in changed)


def test_kernels_stay_of_norm_one_while_they_are_trained():
    d = trained()
    norms, raw = [], []
    for module in d.modules():
        if isinstance(module, SpectralConv):
            matrix = module.weight.detach().flatten(1)
            sigma = torch.linalg.vector_norm(module.u @ matrix)
            norms.append(float(torch.linalg.matrix_norm(matrix / sigma, 2)))
            raw.append(float(torch.linalg.matrix_norm(matrix, 2)))
    assert len(norms) == 8 and max(raw) > 1.2
    assert all(1 - 1e-5 < norm < 1.05 for norm in norms)


def test_gradients_are_those_of_torchs_spectral_norm():
    torch.manual_seed(0)
    ours = SpectralConv(3, 6, 3)
    theirs = torch.nn.Conv2d(3, 6, 3, padding=1, bias=False)
    theirs.load_state_dict({"weight": ours.weight.detach().clone()})
    theirs = torch.nn.utils.parametrizations.spectral_norm(theirs, n_power_iterations=100)
    for _ in range(100):
        ours.advance()
    x = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(ours(x), theirs(x))
    ours(x).square().sum().backward()
    theirs(x).square().sum().backward()
    torch.testing.assert_close(
        ours.weight.grad, theirs.get_parameter("parametrizations.weight.original").grad, atol=1e-4, rtol=1e-4
    )


def test_a_restored_state_goes_on_bit_for_bit():
    d = trained(3)
    copy = UNetDiscriminator(width=8)
    copy.load_state_dict({name: value.clone() for name, value in d.state_dict().items()})
    optimizers = [torch.optim.SGD(each.parameters(), 0.1) for each in (d, copy)]
    for each, optimizer in zip((d, copy), optimizers, strict=True):
        for index in range(3):
            step(each, optimizer, sample(index, 16), sample(index + 50, 16))
    assert all(torch.equal(value, copy.state_dict()[name]) for name, value in d.state_dict().items())
    without = {name: value for name, value in d.state_dict().items() if not name.endswith(".u")}
    with pytest.raises(RuntimeError, match=r"Missing key.*\.u"):
        copy.load_state_dict(without)


def test_every_weight_learns_and_the_generator_is_moved():
    d, x = discriminator(), sample(0, 24, 2)
    fake = sample(1, 24, 2, amplitude=0.1).requires_grad_()
    real = x.clone().requires_grad_()
    judged = d(real)
    (hinge_discriminator(judged.scores, d(fake.detach()).scores) + r1_penalty(judged.scores, real)).backward()
    # Hinge pulls real and fake scores apart; what moves all of them alike is in balance until some are past the hinge.
    assert all(p.grad is not None and p.grad.any() for name, p in d.named_parameters() if name != "last.bias")
    assert fake.grad is None
    d.zero_grad()
    relativistic_generator(d(x).scores, d(fake).scores).backward()
    assert fake.grad is not None and fake.grad.isfinite().all() and fake.grad.any()


def test_a_batch_is_its_pictures():
    d, x = discriminator(), torch.rand(3, 3, 20, 28)
    singles = torch.cat([d(x[i : i + 1]).scores for i in range(3)])
    torch.testing.assert_close(d(x).scores, singles, atol=1e-6, rtol=1e-4)


def test_bfloat16_leaves_the_bands_in_fp32():
    d, x = discriminator(), sample(0, 32)
    with torch.autocast("cpu", torch.bfloat16):
        rough = d(x + 20.0).scores  # in bfloat16 steps of 0.125 would be all that is left of the texture
    assert rough.dtype == torch.bfloat16
    exact = d(x).scores
    assert (rough.float() - exact).abs().mean() < 0.05 * (exact - exact.mean()).abs().mean()


def test_half_precision_leaves_the_norms_in_fp32():
    torch.manual_seed(0)
    conv, x = SpectralConv(3, 6, 3), torch.rand(1, 3, 8, 8)
    expected = conv(x)
    with torch.no_grad():
        conv.weight.mul_(1e-7)  # the division takes it out again; in float16 hardly a bit of it is left
    with torch.autocast("cpu", torch.float16):
        rough = conv(x)
    torch.testing.assert_close(rough.float(), expected, atol=5e-3, rtol=1e-2)


@pytest.mark.parametrize("relativistic", [False, True])
def test_a_generator_that_is_too_smooth_takes_on_the_energy_of_real_texture(relativistic):
    torch.manual_seed(0)
    d = UNetDiscriminator(width=8)
    g = torch.nn.Conv2d(3, 3, 5, padding=2, bias=False, padding_mode="circular")
    torch.nn.init.normal_(g.weight, std=0.002)
    of_d, of_g = (torch.optim.Adam(m.parameters(), rate, (0.5, 0.9)) for m, rate in ((d, 3e-4), (g, 3e-3)))
    energies = []
    for index in range(40):
        real = sample(index, 16, 4)
        noise = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(index))
        t = g(noise)
        fake = 0.5 + t - low_band(t, 4)
        d.advance()
        scored = d(real).scores, d(fake.detach()).scores
        of_d.zero_grad()
        (relativistic_discriminator(*scored) if relativistic else hinge_discriminator(*scored)).backward()
        of_d.step()
        of_g.zero_grad()
        judged = d(fake).scores
        (relativistic_generator(d(real).scores, judged) if relativistic else hinge_generator(judged)).backward()
        of_g.step()
        high = real - low_band(real, 4)
        energies.append(float((fake.detach() - 0.5).std() / high.std()))
    assert energies[0] < 0.2
    assert 0.6 < sum(energies[-20:]) / 20 < 1.4
