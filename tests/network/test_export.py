"""`torch.export` with dynamic sides, and `torch.compile`: the numbers of the eager network, deploy form."""

import shutil
from collections.abc import Sequence

import pytest
import torch

from harmonic.network.config import NetworkConfig, variant
from harmonic.network.deploy import fuse
from harmonic.network.export import dynamic_sides, exportable
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS
from harmonic.nn.guide import Context
from harmonic.ops.noise import Noise

CASES = [("fast", 1), ("fast", 4), ("base", 1)]
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs g++ for the CPU")


def narrow(config: NetworkConfig) -> NetworkConfig:
    """The same blocks at a third of the width."""
    assert config.lf is not None
    lf = config.lf.model_copy(update={"channels": 16})
    return variant(config, channels=(16, 32, 48), lf=lf, context=16 if config.context else None)


def ready(config: NetworkConfig) -> Harmonic:
    """In deploy form, with all parameters moved, so that nothing is hidden by zeros."""
    torch.manual_seed(0)
    network = Harmonic(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.04 * torch.randn_like(parameter))
    return fuse(network)


def inputs(network: Harmonic, rows: int, columns: int, margin: int = 0) -> tuple[torch.Tensor, ...]:
    """A picture of rows x columns cells of the grid less `margin` pixels, its context if the network has one, and what
    texture needs."""
    x = torch.rand(1, 3, rows * network.grid - margin, columns * network.grid - margin)
    with torch.no_grad():
        context = network.look(x)
    place = (torch.tensor([7]), torch.tensor([[64, 128]]))
    return (x,) if context is None else (x, context.tokens, *place)


def check_equal(graph, eager, arguments: tuple[torch.Tensor, ...]) -> None:
    with torch.no_grad():
        found, expected = graph(*arguments), eager(*arguments)
    assert len(found) == len(expected) == (3 if len(arguments) == 1 else 4)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=0)
    assert all(part.abs().max() > 1e-3 for part in expected)


def check_export(network: Harmonic, margin: int = 0) -> None:
    form = exportable(network)
    arguments = inputs(network, 2, 3, margin)
    shapes = (dynamic_sides(network), *[None] * (len(arguments) - 1))
    names = ("x", "tokens", "seed", "origin")[: len(arguments)]
    program = torch.export.export(form, arguments, dynamic_shapes=dict(zip(names, shapes, strict=True)))
    graph = program.module()
    for rows, columns in ((2, 2), (4, 3)):
        check_equal(graph, form, inputs(network, rows, columns, margin))


@pytest.mark.parametrize("preset, scale", CASES)
def test_an_exported_graph_has_the_numbers_of_the_network_at_any_multiple(preset, scale):
    network = ready(narrow(PRESETS[preset](scale)))
    for margin in {0, network.grid - network.multiple}:
        check_export(network, margin)


@pytest.mark.long
@pytest.mark.parametrize("preset, scale", CASES)
def test_presets_of_full_width_export(preset, scale):
    check_export(ready(PRESETS[preset](scale)))


def check_compiled(network: Harmonic, dynamic: bool, sizes: Sequence[tuple[int, int, int]]) -> None:
    def form(x: torch.Tensor, *rest: torch.Tensor) -> tuple[torch.Tensor, ...]:
        context = Context(rest[0]) if rest else None
        parts = network.decompose(x, context, Noise(rest[1], rest[2]) if rest else None)
        return tuple(part for part in (parts.base, parts.lf, parts.hf, parts.texture) if part is not None)

    compiled = torch.compile(form, dynamic=dynamic)
    for rows, columns, margin in sizes:
        check_equal(compiled, form, inputs(network, rows, columns, margin))


compiles = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's compiler uses its own old parts


@needs_compiler
@compiles
@pytest.mark.long
@pytest.mark.parametrize("preset, scale", [case for case in CASES if case[0] == "fast"])
def test_a_compiled_network_has_the_numbers_of_the_network_at_any_size(preset, scale):
    """Also between multiples of the grid: the compiled function pads as the network does."""
    check_compiled(ready(narrow(PRESETS[preset](scale))), True, ((2, 2, 0), (2, 3, 5)))


@needs_compiler
@compiles
@pytest.mark.long
def test_base_compiles_for_tiles_of_one_size():
    """Multiples of the grid, as tiles are: with dynamic or padded sides torch 2.13's compiler does not come to an end,
    or trips over an assertion of its own."""
    check_compiled(ready(narrow(PRESETS["base"](1))), False, ((2, 3, 0),))
