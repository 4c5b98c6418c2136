"""What the defects of published systems teach to test (systems-a §15, systems-b §15), where the laws do not say it.

docs/modules.md tells for each item of both lists which test covers it.
"""

import copy

import pytest
import torch

from harmonic.network.deploy import limit_experts
from harmonic.network.presets import PRESETS
from making import at, fresh, picture, randomised

presets = pytest.mark.parametrize("preset", list(PRESETS))


def check_untouched(model: torch.nn.Module, run) -> None:
    """`run(x)` changes neither its input nor any parameter, buffer or attribute of a module."""
    x = picture(40, 52)
    before, state = x.clone(), copy.deepcopy(model.state_dict())
    attributes = [dict(vars(module)) for module in model.modules()]
    with torch.inference_mode():
        run(x)
    assert torch.equal(x, before)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert [dict(vars(module)) for module in model.modules()] == attributes


@presets
def test_a_pass_changes_nothing_but_its_result(preset):
    model = randomised(fresh(preset, 1))
    check_untouched(model, model)


def test_a_network_that_writes_into_its_input_is_noticed():
    with pytest.raises(AssertionError):
        check_untouched(fresh("tiny", 1), lambda x: x.mul_(2))


@presets
def test_passes_are_bit_equal_whatever_torch_was_seeded_with_and_in_both_modes(preset):
    model, x = randomised(fresh(preset, 1)), picture(40, 52)
    with torch.inference_mode():
        torch.manual_seed(1)
        first = model.decompose(x, noise=at(5)).mix(texture=1)
        torch.manual_seed(2)
        again = model.decompose(x, noise=at(5)).mix(texture=1)
        in_training = model.train().decompose(x, noise=at(5)).mix(texture=1)
    assert torch.equal(first, again) and torch.equal(first, in_training)


@presets
@pytest.mark.parametrize("gain", [0.0, 1e-3, 4.0])
def test_activations_stay_small_for_black_faint_and_far_too_bright_pictures(preset, gain):
    model, largest = randomised(fresh(preset, 1)), [0.0]

    def look(_module, _inputs, output):
        if isinstance(output, torch.Tensor) and output.numel():  # no cell may ask for an expert
            largest.append(float(output.float().abs().max()))

    for module in model.modules():
        module.register_forward_hook(look)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        result = model(gain * picture(40, 52))
    assert result.isfinite().all() and max(largest) < 1e4


@pytest.mark.parametrize("preset", ["base", "large"])
def test_experts_context_and_texture_are_alive(preset):
    model, x = randomised(fresh(preset, 1)), picture(40, 52)
    without = copy.deepcopy(model)
    limit_experts(without, 0)
    with torch.inference_mode():
        plain = model(x)
        others = {
            "no experts": without(x),
            "a context": model(x, model.look(x)),
            "texture": model.decompose(x, noise=at(5)).mix(texture=1),
        }
    for name, other in others.items():
        assert (other - plain).abs().max() > 1e-4, name


def test_more_texture_is_more_detail_and_none_is_the_deterministic_picture():
    model, x = randomised(fresh("base", 1)), picture(64, 64)
    with torch.inference_mode():
        parts = model.decompose(x, noise=at(5))
        assert torch.equal(parts.mix(texture=0), model(x))
        energies = [float((parts.mix(texture=t) - parts.mix()).square().mean()) for t in (0, 0.25, 0.5, 1)]
    assert energies == sorted(energies) and energies[0] == 0 < energies[1]


@presets
@pytest.mark.parametrize("batch", [1, 3])
def test_an_odd_large_size_keeps_its_shape(preset, batch):
    x = picture(257, 131, batch)
    with torch.inference_mode():
        y = fresh(preset, 1)(x)
    assert y.shape == x.shape and y.isfinite().all()
