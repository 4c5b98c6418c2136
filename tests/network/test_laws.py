"""The laws of the network (docs: ARCHITECTURE.md, Invariants), on every preset and scale.

Each law is a function `check_…` that raises AssertionError. Beside each test stands one that plants a fault and
expects the check to notice it.
"""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonic.network.config import LFSpec, TextureSpec, variant
from harmonic.network.deploy import fuse, without_biases
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS, tiny
from harmonic.network.specs import conv
from harmonic.nn import head
from harmonic.nn.cells import CELL, Cells
from harmonic.ops.band import cell_mean
from harmonic.ops.enlarge import enlarge_bicubic
from harmonic.ops.noise import Noise
from making import at, fresh, picture, randomised

CASES = [(preset, scale) for preset in PRESETS for scale in (1, 2, 3, 4)]
ids = [f"{preset}-x{scale}" for preset, scale in CASES]
presets = pytest.mark.parametrize("preset, scale", CASES, ids=ids)


# L1 · identity at birth


def check_identity(model: Harmonic, bf16: bool = False) -> None:
    x = picture(37, 51)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        y = model(x)
    assert torch.equal(y, enlarge_bicubic_padded(model, x))


def enlarge_bicubic_padded(model: Harmonic, x: torch.Tensor) -> torch.Tensor:
    """At scale 1 the input itself; else the enlargement, which mirrors the picture at all four sides."""
    return x if model.scale == 1 else enlarge_bicubic(x, model.scale)


@presets
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_a_new_network_changes_nothing(preset, scale, bf16):
    check_identity(fresh(preset, scale), bf16)


def test_the_identity_check_notices_an_output_layer_that_does_not_start_at_zero():
    model = fresh("tiny", 1)
    torch.nn.init.normal_(model.hf.tail.out.weight, std=1e-3)
    with pytest.raises(AssertionError):
        check_identity(model)


@presets
def test_strength_zero_returns_the_input_bit_for_bit_even_with_broken_weights(preset, scale):
    model = fresh(preset, scale)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(float("nan"))
    x = picture(20, 33)
    assert torch.equal(model.decompose(x).mix(0, 0), enlarge_bicubic_padded(model, x))


# L2 · bands


def check_bands(model: Harmonic, bf16: bool) -> None:
    K = model.config.cell
    side = 3 * model.grid
    x = picture(side, side)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        parts = model.decompose(x)
    assert parts.lf.dtype == parts.hf.dtype == torch.float32
    assert parts.hf.abs().max() > 1e-3, "the test says nothing about a network without texture"
    before_projection = (parts.lf + parts.hf).abs().max()
    assert cell_mean(parts.hf, K).abs().max() <= 1e-6 * before_projection
    low = head.low_band(parts.lf, K)
    inside = slice(4 * K, -4 * K)  # S mirrors cells at the border of what it gets
    assert (low - parts.lf)[..., inside, inside].abs().max() <= 2e-6 * before_projection


@presets
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_hf_never_moves_a_cell_mean_and_lf_is_its_own_projection(preset, scale, bf16):
    check_bands(randomised(fresh(preset, scale)), bf16)


def test_the_band_check_notices_a_projection_that_is_not_exact(monkeypatch):
    monkeypatch.setattr(head, "low_band", lambda x, cell: 0.999 * x.roll(1, -1))
    with pytest.raises(AssertionError):
        check_bands(randomised(fresh("tiny", 1)), bf16=False)


def test_with_its_gates_shut_structure_has_no_gradient_from_texture_parameters():
    model = randomised(Harmonic(variant(PRESETS["tiny"](), fusion=None, floor=0.0)))
    with torch.no_grad():
        model.head.low_gates.weight[1].zero_()
        model.head.low_gates.bias[1] = -1e4  # w_z = 0
    model.decompose(picture(64, 64)).lf.square().sum().backward()
    texture = [p for name, p in model.named_parameters() if name.startswith(("hf.", "dec0.", "dec1.", "high_pass."))]
    assert texture and all(p.grad is None or not p.grad.any() for p in texture)
    assert model.lf.embed.weight.grad.any()


def test_without_lf_branch_the_two_bands_add_up_to_the_plain_output():
    model = randomised(Harmonic(variant(PRESETS["tiny"](), lf=None, hf=None, fusion=None)).eval())
    x = picture(64, 64)
    seen = []
    model.plain_tail.register_forward_hook(lambda _module, _inputs, z: seen.append(z))
    with torch.inference_mode():
        parts = model.decompose(x)
    torch.testing.assert_close(parts.lf + parts.hf, seen[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("scale", [1, 4])
def test_generated_texture_has_no_cell_means(scale):
    model = randomised(fresh("base", scale))
    parts = model.decompose(picture(2 * model.grid, 2 * model.grid), noise=at(seed=3))
    assert parts.texture is not None and parts.texture.abs().max() > 1e-4
    means = cell_mean(parts.texture, model.config.cell).abs().max()
    assert means <= 1e-6 * max(1.0, float(parts.texture.detach().abs().max()))


# L3 · bounded reach

LIMITS = {"tiny": (128, 64), "fast": (256, 64), "base": (448, 128), "large": (640, 128)}
"""Largest reach and grid of a preset, in input pixels (design §3)."""


def farthest(model: Harmonic, row: int, column: int, side: int) -> int:
    """Largest distance, in input pixels per axis, at which a NaN at (row, column) changes the output."""
    x = picture(side, side)
    x[..., row, column] = float("nan")
    with torch.inference_mode():
        touched = model(x).isnan().any(1)[0]
    rows, columns = (torch.nonzero(touched.any(axis)).flatten() // model.scale for axis in (1, 0))
    return int(max((rows - row).abs().max(), (columns - column).abs().max()))


def check_reach(model: Harmonic) -> None:
    side = -(-2 * (model.reach + 40) // model.grid) * model.grid
    centre = side // 2
    found = max(farthest(model, centre + d, centre + d, side) for d in (0, 7, 31))
    assert found <= model.reach <= 2 * found, f"reach {model.reach}, found {found}"


def test_reach_bounds_a_network_of_few_convolutions_which_has_no_slack():
    hf = tiny().hf
    assert hf is not None
    plain = variant(tiny(), channel_attention=False, encoder=(conv(1), conv(1)), bottleneck=conv(1),
                    decoder=(conv(2), conv(1)), lf=LFSpec(channels=8, blocks=()),
                    hf=hf.model_copy(update={"blocks": conv(1)}))  # fmt: skip
    for scale in (1, 2):
        check_reach(randomised(Harmonic(variant(plain, scale=scale))))


def slow(preset: str, scale: int) -> list[pytest.MarkDecorator]:
    return [pytest.mark.long] if PRESETS[preset]().context and (scale > 2 or preset == "large") else []


@pytest.mark.parametrize("preset, scale", [pytest.param(*case, marks=slow(*case)) for case in CASES], ids=ids)
def test_reach_bounds_what_a_pixel_sees_within_a_factor_of_two(preset, scale):
    model = fresh(preset, scale)
    assert model.reach <= LIMITS[preset][0] and model.grid <= LIMITS[preset][1]
    check_reach(model)


def test_the_reach_check_notices_global_pooling(monkeypatch):
    model = fresh("tiny", 1)

    def globally(features: torch.Tensor, stride: int) -> Cells:
        height, width = features.shape[-2:]
        return Cells(features.mean((2, 3), keepdim=True), max(height, width), height)

    monkeypatch.setattr("harmonic.network.harmonic.pool_cells", globally)
    with pytest.raises(AssertionError):
        check_reach(model)


# L5 · fusion changes nothing


def check_fusion(model: Harmonic, fused: Harmonic) -> None:
    with torch.inference_mode():
        for height, width in [(1, 1), (2, 3), (7, 40), (33, 17), (40, 40)]:
            x = picture(height, width)
            torch.testing.assert_close(fused(x), model(x), atol=1e-5, rtol=0)


@presets
def test_the_deploy_form_has_the_same_function(preset, scale):
    model = randomised(fresh(preset, scale))
    before = copy.deepcopy(model.state_dict())
    fused = fuse(model)
    check_fusion(model, fused)
    assert sum(1 for _ in fused.parameters()) < sum(1 for _ in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@presets
def test_without_biases_the_deploy_form_has_the_same_function(preset, scale):
    model = randomised(fresh(preset, scale))
    fused = fuse(model)
    faster = without_biases(fused)
    check_fusion(model, faster)
    assert sum(1 for _ in faster.parameters()) < sum(1 for _ in fused.parameters())
    assert without_biases(faster).state_dict().keys() == faster.state_dict().keys()


def test_the_fusion_check_notices_a_bias_that_is_lost():
    model = randomised(fresh("tiny", 1))
    faster = without_biases(fuse(model))
    with torch.no_grad():
        faster.dec0.blocks[0].norm2.bias.zero_()
    with pytest.raises(AssertionError):
        check_fusion(model, faster)


def test_the_fusion_check_notices_a_changed_kernel():
    model = randomised(fresh("tiny", 1))
    fused = fuse(model)
    with torch.no_grad():
        fused.lf.blocks[0].mixer.spread.weight += 0.05
    with pytest.raises(AssertionError):
        check_fusion(model, fused)


# L6 · a batch is its pictures


@presets
def test_a_batch_gives_what_its_pictures_give_alone(preset, scale):
    model = randomised(fresh(preset, scale))
    x = torch.cat([picture(40, 52, seed=s) * gain for s, gain in ((0, 1.0), (1, 0.1), (2, 0.0), (3, 1.5))])
    order = torch.tensor([2, 0, 3, 1])
    with torch.inference_mode():
        together, permuted = model(x), model(x[order])
        alone = torch.cat([model(one[None]) for one in x])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(permuted, alone[order], atol=1e-5, rtol=0)


# L8 · seeds


def test_two_seeds_differ_in_texture_alone_and_one_seed_gives_one_picture():
    model, x = randomised(fresh("base", 1)), picture(100, 60)
    with torch.inference_mode():
        first, again, other = (model.decompose(x, noise=at(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.texture, again.texture) and not torch.allclose(first.texture, other.texture)
    assert torch.equal(first.mix(), other.mix()) and torch.equal(first.mix(), model(x))


# L4 · tiles, the parts that know their place


def check_tile(model: Harmonic) -> None:
    """A tile that starts on the grid, farther than the reach from its border, has the numbers of the whole."""
    start, side = model.grid, 2 * (-(-model.reach // model.grid) + 1) * model.grid
    x = picture(start + side, start + side + 7)
    context = model.look(x)
    with torch.inference_mode():
        whole = model.decompose(x, context, at(5))
        tile = model.decompose(x[..., start:, start:], context, at(5, start * model.scale, start * model.scale))
    inner = slice(model.scale * model.reach, None)
    for name in ("lf", "hf", "texture"):
        found, expected = getattr(tile, name)[..., inner, inner], getattr(whole, name)[..., start:, start:]
        torch.testing.assert_close(found, expected[..., inner, inner], atol=1e-5, rtol=0)


def test_a_tile_of_the_hybrid_network_has_the_numbers_of_the_whole():
    check_tile(randomised(fresh("base", 1)))


def generating() -> Harmonic:
    """`tiny` with a texture head, whose last cells may end with the picture."""
    hf = tiny().hf
    assert hf is not None
    return randomised(Harmonic(variant(tiny(), hf=hf.model_copy(update={"texture": TextureSpec()}))).eval())


def test_a_tile_that_ends_within_a_cell_generates_the_texture_of_the_whole():
    model = generating()
    assert (2 * model.grid + 7) % CELL and model.multiple < CELL
    check_tile(model)


def test_the_tile_check_notices_noise_that_counts_from_the_tile(monkeypatch):
    planes = Noise.planes
    monkeypatch.setattr(Noise, "planes", lambda self, *size: planes(at(int(self.seed)), *size))
    with pytest.raises(AssertionError):
        check_tile(randomised(fresh("base", 1)))


@pytest.mark.parametrize("size", [(33, 100), (5, 7)])
def test_a_texture_head_changes_nothing_where_no_texture_is_asked_for(size):
    model = generating()
    plain = Harmonic(tiny()).eval()
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if "texture" not in name})
    assert torch.equal(model(x := picture(*size)), plain(x))


# L7 · any size


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    scale=st.sampled_from([1, 2, 3, 4]),
    layout=st.sampled_from(["plain", "channels_last", "strided"]),
    bf16=st.booleans(),
)
def test_any_size_layout_and_precision_gives_finite_values_of_the_right_shape(height, width, scale, layout, bf16):
    model = randomised(fresh("tiny", scale))
    x = picture(height, width)
    if layout == "channels_last":
        x = x.contiguous(memory_format=torch.channels_last)
    elif layout == "strided":
        x = picture(2 * height, 2 * width)[..., ::2, ::2]
    before = x.clone()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        y = model(x)
    assert y.shape == (1, 3, scale * height, scale * width)
    assert y.isfinite().all()
    assert torch.equal(x, before), "the input was changed"
