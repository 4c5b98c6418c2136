import hashlib
from collections.abc import Callable

import pytest
import torch
from torch import nn

from harmonic.measure.costs import timed
from harmonic.measure.line_ups import ENLARGEMENT, OURS, RESTORATION, LineUp, ready
from harmonic.measure.peers.drunet import DRUNet
from harmonic.measure.peers.moceir import BALANCE, EXPERTS, AlsoTrains, Complexity, MoCEIR
from harmonic.measure.peers.nafnet import NAFNet
from harmonic.measure.peers.restormer import Restormer

SIZES = {"NAFNet-small": 4_551_823, "Restormer-small": 2_474_205, "PromptIR-style": 3_346_654,
         "MoCE-IR-style": 3_260_837, "DRUNet-small": 2_299_584,
         "SPAN": 426_288, "PLKSR-small": 351_492, "SwinIR-small": 46_638,
         "HAT-small": 37_401, "DAT-small": 135_963, "SeemoRe-small": 96_188}  # fmt: skip
"""Parameters of the peers, in the form that is timed."""


def others(line_up: LineUp) -> list:
    return [pytest.param(build, line_up, name, id=name) for name, build in line_up.entrants.items() if name != OURS]


ALL = others(RESTORATION) + others(ENLARGEMENT)


@pytest.fixture(autouse=True)
def _spandrel_where_it_is_needed(request):
    if "line_up" in request.fixturenames and request.getfixturevalue("line_up").scale > 1:
        pytest.importorskip("spandrel", reason="spandrel is not installed; make peers has it")


@pytest.mark.parametrize(
    "build, millions",
    [(NAFNet, 29.16), (Restormer, 26.13), (DRUNet, 32.64), (MoCEIR, 11.42)],
    ids=["NAFNet", "Restormer", "DRUNet", "MoCE-IR"],
)
def test_the_defaults_have_the_published_size(build: Callable[[], nn.Module], millions: float):
    with torch.device("meta"):
        assert round(sum(p.numel() for p in build().parameters()) / 1e6, 2) == millions


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize("build, line_up, name", ALL)
def test_any_size_comes_out_as_often_as_large_as_it_should_and_has_the_size_that_was_designed(build, line_up, name):
    network = ready(build())
    assert sum(p.numel() for p in network.parameters()) == SIZES[name]
    y = network(torch.rand(1, 3, 33, 21))
    assert y.shape == (1, 3, 33 * line_up.scale, 21 * line_up.scale)
    assert y.dtype == torch.float32 and y.isfinite().all()


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize("build, line_up, name", ALL)
def test_every_parameter_that_is_used_learns(build, line_up, name):
    torch.manual_seed(0)
    network = build().train()
    with torch.no_grad():
        for parameter in network.parameters():  # some scales start at zero, and what they scale learns a step later
            parameter.add_(0.02 * torch.randn_like(parameter))
    x = torch.rand(2, 3, 32, 32)
    (network(x) - 0.3).square().mean().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    # SPAN's kernel of evaluation is computed, and experts that nothing was sent to are left alone.
    assert [n for n in idle if "eval_conv" not in n and ".experts." not in n] == []


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize("build, line_up, name", others(ENLARGEMENT))
def test_a_new_network_is_as_bright_as_its_input(build, line_up, name):
    torch.manual_seed(0)
    x = torch.rand(1, 3, 24, 24)
    with torch.no_grad():
        assert abs(float(build().eval()(x).mean() - x.mean())) < 0.2


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize("build, line_up, name", others(ENLARGEMENT))
def test_the_form_that_is_timed_has_the_same_function(build, line_up, name):
    torch.manual_seed(0)
    network, x = build().eval(), torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(ready(network)(x), network(x), atol=1e-5, rtol=1e-4)


def test_a_batch_of_moceir_equals_its_pictures_one_by_one():
    torch.manual_seed(0)
    network, x = MoCEIR(8, (1, 1, 1, 1), (1, 1, 1), 1, (1, 1, 2, 2)).eval(), torch.rand(3, 3, 40, 24)
    with torch.no_grad():
        torch.testing.assert_close(network(x), torch.cat([network(one[None]) for one in x]), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(network(x), network(x), atol=0, rtol=0)


def test_moceirs_balance_is_worse_when_one_expert_has_everything():
    torch.manual_seed(0)
    layer, x, cue = Complexity(8, 4).train(), torch.rand(16, 8, 16, 16), torch.randn(16, 4)

    def balance(scale: float) -> float:
        with torch.no_grad():
            layer.by_features.weight.zero_()
            layer.by_features.weight[0] = scale
            return float(layer(x, cue, x)[1])

    assert balance(20.0) > balance(0.0) + 0.5
    torch.manual_seed(0)
    layer.by_features.weight.requires_grad_(True)
    AlsoTrains.apply(x, BALANCE * layer(x, cue, x)[1]).sum().backward()
    assert layer.by_features.weight.grad is not None and layer.by_features.weight.grad.any()
    assert len(layer.experts) == EXPERTS


@pytest.mark.parametrize("line_up, digest", [(RESTORATION, "2b2eb4119ae9"), (ENLARGEMENT, "3537e58d2bfd")])
def test_ours_is_what_the_runs_in_results_trained(line_up, digest):
    """Another network of the same name would be averaged with them: change this with all of ours trained anew."""
    config = line_up.entrants[OURS]().config.model_dump_json(exclude_defaults=True)
    assert hashlib.sha256(config.encode()).hexdigest()[:12] == digest


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize("build, line_up, name", ALL)
def test_weights_can_be_averaged_kept_and_read_back(build, line_up, name):
    network = build()
    state = network.state_dict()
    assert all(value.is_floating_point() for value in state.values())
    build().load_state_dict({key: value.clone() for key, value in state.items()})


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize("line_up", [RESTORATION, ENLARGEMENT], ids=lambda line_up: line_up.name)
def test_peers_take_the_time_of_ours_within_15_percent(line_up):
    networks = {name: ready(build()) for name, build in line_up.entrants.items()}
    found = timed(networks.pop(OURS), networks, line_up.side, "fp32", rounds=20)
    ratios = {name: found[name].ratio for name in networks}
    assert all(0.85 <= ratio <= 1.15 for ratio in ratios.values()), ratios
