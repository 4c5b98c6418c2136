"""Networks with one choice of the compatibility map each (design §3.13): built, lawful, and alive."""

import pytest
import torch
from torch import nn

from harmonic.network.blocks import build_block
from harmonic.network.config import HFSpec, LFSpec, StateSpaceFusionSpec, variant
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from harmonic.network.specs import (
    BudgetedWindowSpec,
    ChannelWindowSpec,
    DenseGroupSpec,
    ExcursionSpec,
    ExpertsSpec,
    LargeKernelSpec,
    PooledAttentionSpec,
    PromptSpec,
    RepConvSpec,
    conv,
)
from harmonic.nn.budgeted_window import BudgetedWindow
from harmonic.nn.channel_window import ChannelWindow
from harmonic.nn.dense_group import DenseGroup
from harmonic.nn.excursion import Excursion
from harmonic.nn.pooled_attention import PooledAttention
from harmonic.nn.prompt import Prompt
from harmonic.nn.rep_conv import RepConvMixer

HF = {"high_pass": 4, "tail": 4}
CHOICES = {  # changes to the smallest preset, and the module that they bring
    "pooled-attention": ({"bottleneck": (PooledAttentionSpec(window=4),)}, "bottleneck.0.mixer"),
    "channel-window": ({"bottleneck": (ChannelWindowSpec(window=8, shifted=True),)}, "bottleneck.0.mixer"),
    "budgeted-window": ({"decoder": (conv(1), (BudgetedWindowSpec(),))}, "dec1.blocks.0.mixer.costly"),
    "dense-group": ({"encoder": ((DenseGroupSpec(layers=2),), conv(1))}, "enc0.0.mixer"),
    "excursion": ({"encoder": (conv(1), (ExcursionSpec(depth=1),))}, "enc1.0.mixer"),
    "rep-conv": ({"hf": HFSpec(blocks=(RepConvSpec(),), **HF)}, "hf.blocks.0.mixer"),
    "prompt": ({"hf": HFSpec(blocks=(PromptSpec(), ExpertsSpec()), **HF)}, "hf.blocks.0.mixer"),
    "dilations": ({"lf": LFSpec(channels=16, blocks=(LargeKernelSpec(kernel=9, dilations=(2, 4)),))},
                  "lf.blocks.0.mixer.spread.lattice"),
    "state-space fusion": ({"fusion": (StateSpaceFusionSpec(strip=8),) * 2}, "fusion0"),
}  # fmt: skip
KINDS = [
    (PooledAttentionSpec(), PooledAttention),
    (ChannelWindowSpec(), ChannelWindow),
    (BudgetedWindowSpec(), BudgetedWindow),
    (DenseGroupSpec(), DenseGroup),
    (ExcursionSpec(), Excursion),
    (RepConvSpec(), RepConvMixer),
    (PromptSpec(), Prompt),
]
choices = pytest.mark.parametrize("choice", CHOICES)


def fresh(choice: str) -> Harmonic:
    torch.manual_seed(0)
    return Harmonic(variant(tiny(), **CHOICES[choice][0])).eval()


def randomised(model: Harmonic) -> Harmonic:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.04 * torch.randn(parameter.shape, generator=generator))
    return model


def picture(height: int, width: int, batch: int = 1) -> torch.Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0)) * 1.4 - 0.2


def run(model: Harmonic, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return model(x)


def check_tile(model: Harmonic) -> None:
    """A tile that starts on the grid has the numbers of the whole from `reach` on."""
    start, side = model.grid, (-(-model.reach // model.grid) + 1) * model.grid
    x = picture(start + side + 3, start + side)
    whole, tile = run(model, x), run(model, x[..., start:, start:])
    inner = slice(model.reach, None)
    torch.testing.assert_close(
        tile[..., inner, inner], whole[..., start:, start:][..., inner, inner], atol=1e-5, rtol=0
    )


@choices
def test_a_new_network_changes_nothing(choice):
    x = picture(37, 51)
    assert torch.equal(run(fresh(choice), x), x)


@choices
def test_tiles_equal_the_whole_and_the_option_is_alive(choice):
    model, x = randomised(fresh(choice)), picture(33, 40)
    check_tile(model)
    y = run(model, x)
    for parameter in model.get_submodule(CHOICES[choice][1]).parameters():
        nn.init.zeros_(parameter)
    assert (run(model, x) - y).abs().max() > 1e-4


@choices
def test_a_pixel_sees_no_farther_than_the_stated_reach(choice):
    model = randomised(fresh(choice))
    side = -(-2 * (model.reach + 40) // model.grid) * model.grid
    x, at = picture(side, side), side // 2 + 7
    x[..., at, at] = torch.nan
    hit = run(model, x).isnan().any(1)[0].nonzero() - at
    assert model.reach / 2 <= hit.abs().max() <= model.reach


@choices
def test_the_deploy_form_has_the_same_function(choice):
    model = randomised(fresh(choice))
    fused = fuse(model)
    assert not [module for module in fused.modules() if hasattr(module, "folded")]
    for size in ((1, 1), (9, 17), (40, 33)):
        torch.testing.assert_close(run(fused, picture(*size)), run(model, picture(*size)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("spec, expected", KINDS, ids=[spec.kind for spec, _ in KINDS])
def test_a_kind_names_its_class(spec, expected):
    assert type(build_block(spec, 16, tiny(), attend=True).mixer) is expected


def test_the_tile_check_notices_a_grid_that_is_too_fine():
    model = randomised(fresh("pooled-attention"))
    model.grid = 32
    with pytest.raises(AssertionError):
        check_tile(model)


def test_choices_that_cannot_be_built_are_refused():
    with pytest.raises(ValueError, match="kernel must be odd, got 6"):
        variant(tiny(), bottleneck=(PooledAttentionSpec(kernel=6),))
    with pytest.raises(ValueError, match="dilations of a kernel of 9"):
        Harmonic(variant(tiny(), lf=LFSpec(channels=16, blocks=(LargeKernelSpec(kernel=9, dilations=(5,)),))))
