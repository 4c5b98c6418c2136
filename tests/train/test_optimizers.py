"""Muon beside AdamW: which parameters it takes, and that its steps have the directions and sizes that are claimed."""

import pytest
import torch
from torch import nn

from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import fast
from harmonic.train import muon
from harmonic.train.muon import Muon, evened
from harmonic.train.optimizers import optimizers_of, set_rate
from harmonic.train.recipe import Optimizer


@pytest.mark.parametrize("bf16", [False, True], ids=["emulates bf16", "computes bf16"])
@pytest.mark.parametrize("shape", [(24, 24), (16, 200), (200, 16), (128, 256)])
def test_singular_values_are_made_equal_and_vectors_kept(shape, bf16, monkeypatch):
    monkeypatch.setattr(muon, "computes_bf16", lambda _: bf16)
    torch.manual_seed(0)
    matrix = torch.logspace(-1, 1, shape[0])[:, None] * torch.randn(shape) * torch.logspace(-1, 1, shape[1])
    left, before, right = torch.linalg.svd(matrix, full_matrices=False)
    kept = torch.einsum("ri,rc,ic->i", left, evened(matrix[None])[0], right)  # the same vectors, or less than all of it
    large = before > before[0] / 100
    assert kept[large].min() > 0.6 and kept.max() < 1.3
    assert before.max() > 10 * before[large].min()


def test_a_step_has_the_size_of_adamw_whatever_the_gradient():
    for shape, scale in (((32, 32, 3, 3), 1e-6), ((64, 32, 1, 1), 1.0)):
        torch.manual_seed(0)
        kernel = nn.Parameter(torch.zeros(shape))
        kernel.grad = scale * torch.randn(shape)
        Muon([kernel], lr=1.0).step()
        assert 0.15 < kernel.square().mean().sqrt() < 0.25
        assert (kernel * kernel.grad).sum() < 0


def test_momentum_looks_ahead_and_remembers():
    """Two gradients that are at right angles: the second step goes along both, more along the newer one."""
    torch.manual_seed(0)
    basis = torch.linalg.qr(torch.randn(32, 32))[0]
    first, second = basis[:16].T @ torch.randn(16, 32), basis[16:].T @ torch.randn(16, 32)
    kernel = nn.Parameter(torch.zeros(32, 32))
    optimizer = Muon([kernel], lr=1.0)
    for gradient in (first, second):
        before, kernel.grad = kernel.detach().clone(), gradient
        optimizer.step()
    moved = before - kernel.detach()
    m = 0.95
    mean = m * (1 - m) * first + (1 - m) * second
    expected = evened((m * mean + (1 - m) * second)[None])[0]
    assert torch.allclose(moved / moved.norm(), expected / expected.norm(), atol=1e-3)


def test_decay_alone_shrinks_what_has_no_gradient_to_speak_of():
    kernel = nn.Parameter(torch.ones(16, 16))
    kernel.grad = torch.zeros(16, 16)
    Muon([{"params": [kernel], "weight_decay": 0.1}], lr=0.5).step()
    assert torch.equal(kernel, torch.full((16, 16), 0.95))


def test_each_parameter_has_one_optimizer_and_muon_the_inner_kernels():
    network = Harmonic(fast())
    muon, adamw = optimizers_of(network, Optimizer(form="muon"))
    owned = [{id(p) for group in found.param_groups for p in group["params"]} for found in (muon, adamw)]
    assert not owned[0] & owned[1] and owned[0] | owned[1] == {id(p) for p in network.parameters()}
    names = {name for name, p in network.named_parameters() if id(p) in owned[0]}
    assert not [name for name in names if name.startswith(("embed", "head", "high_pass"))]
    assert all(min(network.get_parameter(name).shape[:2]) >= 16 for name in names)
    assert sum(network.get_parameter(name).numel() for name in names) > 0.8 * sum(
        p.numel() for p in network.parameters()
    )


def test_decay_stays_on_matrices_and_shares_hold_in_both():
    network = Harmonic(fast())
    found = optimizers_of(network, Optimizer(form="muon", weight_decay=0.5), {"bottleneck": 0.1, "": 1.0})
    set_rate(found, 2.0)
    names = {id(p): name for name, p in network.named_parameters()}
    for optimizer in found:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                assert group["lr"] == (0.2 if names[id(parameter)].startswith("bottleneck") else 2.0)
                assert group["weight_decay"] == (0.5 if parameter.ndim > 1 and min(parameter.shape[:2]) > 1 else 0.0)


def test_without_muon_all_is_adamw():
    (found,) = optimizers_of(Harmonic(fast()), Optimizer())
    assert type(found) is torch.optim.AdamW
