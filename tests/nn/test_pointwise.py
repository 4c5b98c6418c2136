"""1x1 convolutions as products of matrices: the numbers of convolutions, on both ways."""

import pytest
import torch
from torch import nn

from harmonic.nn.norm import LayerNorm
from harmonic.nn.pointwise import PointwiseConv, absorb_biases


def features(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3)).to(memory_format=torch.channels_last)


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the products that are taken from now on."""
    taken: list[str] = []
    for module, name in ((torch, "addmm"), (nn.functional, "linear")):
        own = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, own=own, name=name, **k: (taken.append(name), own(*a, **k))[1])
    return taken


@pytest.mark.parametrize("shape", [(1, 6, 5, 7), (2, 6, 4, 4), (1, 6, 1, 1), (1, 6, 1, 9), (3, 6, 1, 1)])
def test_both_ways_give_the_numbers_of_a_convolution(monkeypatch, shape):
    x, base, taken = features(*shape), features(shape[0], 8, *shape[2:]), watched(monkeypatch)
    for conv in (PointwiseConv(6, 8), PointwiseConv(6, 8, bias=False)):
        expected = nn.functional.conv2d(x, conv.weight, conv.bias)
        kept = base.clone()
        with torch.no_grad():
            found, added = conv(x), conv.onto(base, x)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(added, base + expected)
        assert added.is_contiguous(memory_format=torch.channels_last) and torch.equal(base, kept), (
            "the base is read only"
        )
    assert taken == ["addmm", "linear", "linear"], "a bias goes with the sum; without one both take the plain product"


def test_what_cannot_be_multiplied_is_convolved(monkeypatch):
    taken, conv, plain = watched(monkeypatch), PointwiseConv(6, 6), PointwiseConv(6, 6, bias=False)
    x = features(1, 6, 4, 8)
    wanted = x + nn.functional.conv2d(x, conv.weight, conv.bias)

    def check(found: torch.Tensor, tolerance: float = 1e-5) -> None:
        torch.testing.assert_close(found.float(), wanted, atol=tolerance, rtol=0)

    plain(x)  # with a gradient
    check(conv.onto(x, x))
    with torch.no_grad():
        plain(x.contiguous())
        check(conv.onto(x, x.contiguous()))
        check(conv.onto(x.contiguous(), x))
        check(conv.onto(x.bfloat16(), x), 1e-1)
        with torch.autocast("cpu", torch.bfloat16):
            plain(x)
            check(conv.onto(x, x), 1e-1)
    assert not taken


@pytest.mark.parametrize("bias", [True, False])
def test_exported_graphs_hold_convolutions(bias):
    class Step(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = PointwiseConv(6, 6, bias)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv.onto(x, self.conv(x))

    with torch.no_grad():
        program = torch.export.export(Step().eval(), (features(1, 6, 4, 8),))
    calls = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert sum("conv2d" in call for call in calls) == 2
    assert not any(word in call for call in calls for word in ("addmm", "linear", "matmul"))


def test_biases_behind_a_norm_go_into_the_weights():
    torch.manual_seed(0)
    norm, convs = LayerNorm(6), [nn.Conv2d(6, 8, 1), nn.Conv2d(6, 5, 1)]
    for values in (norm.weight, norm.bias):
        nn.init.normal_(values)
    x = 10 * features(2, 6, 9, 9) + 3
    expected = [conv(norm(x)) for conv in convs]
    absorbed = absorb_biases(norm, convs)
    assert all(conv.bias is None for conv in absorbed)
    for conv, wanted in zip(absorbed, expected, strict=True):
        torch.testing.assert_close(conv(norm(x)), wanted, atol=1e-5, rtol=1e-5)
