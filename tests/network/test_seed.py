"""The map from the seed to a network says what is there and what is not."""

import pytest

from harmonic.network.config import variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS, tiny
from harmonic.network.pure_convolution import pure_convolution
from harmonic.network.seed import seed_map
from harmonic.network.specs import (
    BlockSpec,
    ConvSpec,
    DeformableSpec,
    DenseGroupSpec,
    ExcursionSpec,
    StateSpaceSpec,
    WindowSpec,
)


def became(network: Harmonic) -> dict[str, str | None]:
    return {idea.idea: idea.became for idea in seed_map(network)}


@pytest.mark.parametrize("preset", list(PRESETS))
def test_every_section_is_there_in_order(preset):
    sections = [int(idea.section.removeprefix("§")) for idea in seed_map(Harmonic(PRESETS[preset]()))]
    assert sections == sorted(sections) and set(sections) == {*range(1, 10), 11, 13}


def test_a_convolutional_network_lacks_attention_and_experts():
    ideas = became(Harmonic(tiny()))
    absent = ("window attention", "global tokens", "experts", "router", "texture head", "windows and heads")
    assert all(ideas[idea] is None for idea in absent)
    assert ideas["pure-convolution path"] == "the whole network"
    assert ideas["structure branch"] == "LFBranch in lf"
    assert ideas["fusion of the bands"] == "FreqFusion x2 in fusion1, fusion0"
    assert ideas["identity skip, padding"] == "Harmonic"


def test_the_hybrid_network_has_them():
    ideas = became(Harmonic(PRESETS["base"]()))
    assert ideas["window attention"] == "WindowAttention x2 in bottleneck"
    assert ideas["windows and heads"] == "8x8, heads of 32 channels"
    assert ideas["experts"] and ideas["experts"].count("Expert in hf") == 4
    assert ideas["pure-convolution path"] is None and ideas["deformable attention"] is None


def test_what_a_variant_adds_is_found():
    ideas = became(Harmonic(variant(tiny(), bottleneck=[DeformableSpec(), WindowSpec(gate="after")])))
    assert ideas["deformable attention"] == "DeformableAttn in bottleneck"
    assert ideas["gate beside attention"] == "ConvGate in bottleneck"
    assert became(Harmonic(variant(tiny(), lf=None, fusion=None)))["structure branch"] is None


@pytest.mark.parametrize("spec", [DenseGroupSpec(), ExcursionSpec()])
def test_blocks_of_convolutions_alone_stay_on_the_pure_convolution_path(spec: BlockSpec):
    config = variant(tiny(), bottleneck=(spec, WindowSpec()))
    assert pure_convolution(config).bottleneck == (spec, ConvSpec())


def test_a_network_that_scans_is_no_pure_convolution():
    ideas = became(Harmonic(variant(tiny(), bottleneck=(StateSpaceSpec(),))))
    assert ideas["pure-convolution path"] is None and ideas["state space"] is not None
