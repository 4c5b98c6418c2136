"""The checks of `harmonic verify` pass a sound network and catch six broken ones, each by the check meant for it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from harmonic.measure.specialisation import routings
from harmonic.measure.verify import bounds, laws, probes
from harmonic.measure.verify import subject as loading
from harmonic.measure.verify.agreement import check_agreement
from harmonic.measure.verify.balance import check_experts
from harmonic.measure.verify.check import Bound, Check
from harmonic.measure.verify.extremes import check_extremes
from harmonic.measure.verify.fidelity import check_bands, check_fidelity
from harmonic.measure.verify.laws import check_laws
from harmonic.measure.verify.passes import all_passes, best_factor, damages, decibel, figures, run_pass
from harmonic.measure.verify.probes import check_ringing
from harmonic.measure.verify.subject import Subject, subject
from harmonic.measure.verify.texture import check_texture
from harmonic.network import branches
from harmonic.network import harmonic as wiring
from harmonic.network.config import HFSpec, TextureSpec, variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS, tiny
from harmonic.network.specs import ExpertsSpec, HybridSpec
from harmonic.nn import head
from harmonic.nn.cells import CellGate, Cells
from harmonic.nn.head import Tail
from harmonic.nn.modulated import ModulatedConv
from harmonic.nn.parts import Parts
from harmonic.nn.pointwise import PointwiseConv
from harmonic.nn.projection import Projection
from harmonic.nn.router import Router
from harmonic.nn.texture_block import MoETextureBlock
from harmonic.ops.band import low_band
from harmonic.ops.quality import psnr
from harmonic.train.synthetic import synthetic_picture
from making import narrow, randomised

SMALL = 3e-3  # of the random corrections, so that clean pictures stay


def sound(**changes: object) -> Harmonic:
    """`tiny` as a training might leave it: every parameter speaks, and clean pictures stay."""
    torch.manual_seed(0)
    network = randomised(Harmonic(variant(tiny(), **changes))).requires_grad_(False)
    for weights in (network.head.cells.weight, network.head.cells.bias, network.hf.tail.out.weight):
        weights *= SMALL
    return network.eval()


def with_experts(crops: list[np.ndarray]) -> Harmonic:
    """A router at birth may leave an expert out, which losses on scores mend in training; here equal biases do."""
    hf = HFSpec(high_pass=4, blocks=(ExpertsSpec(),), tail=4, side=8, texture=TextureSpec(channels=4))
    network = sound(hf=hf)
    logits = torch.cat([routings(network, crop / np.float32(255))[0].logits.flatten(2) for crop in crops], 2)
    (block,) = experts(network)
    block.router.logits.bias -= logits.mean((0, 2))
    return network


def experts(network: Harmonic) -> list[MoETextureBlock]:
    return [block for block in network.modules() if isinstance(block, MoETextureBlock)]


@pytest.fixture(scope="module")
def crops() -> list[np.ndarray]:
    kinds = ("leaves", "edges", "texture")
    return [synthetic_picture(np.random.default_rng(i), 64, 72, kind) for i, kind in enumerate(kinds)]


def test_a_sound_network_keeps_every_law(crops):
    sound_one = subject("sound", sound(), crops, quick=True)
    checks = [*check_laws(sound_one), *check_extremes(sound_one)]
    assert len(checks) > 10 and all(check.passed for check in checks), [c.name for c in checks if not c.passed]


def test_texture_of_a_sound_network_is_lawful(crops):
    checks = list(check_texture(subject("sound", with_experts(crops), crops[:1], quick=True)))
    failed = {check.name for check in checks if not check.passed}
    assert failed <= {bounds.WITHOUT_NOISE.name}, failed  # random texture need not add energy


def test_texture_with_cell_means_is_noticed(crops, monkeypatch):
    exact = branches.low_band
    monkeypatch.setattr(branches, "low_band", lambda x, cell: 0.99 * exact(x, cell))
    checks = {
        check.name: check for check in check_texture(subject("leaks", with_experts(crops), crops[:1], quick=True))
    }
    assert checks[bounds.TEXTURE_MEANS.name].passed is False


def test_a_head_whose_noise_is_at_nothing_adds_nothing_by_it(crops):
    """And the check is of the noise alone: what the head makes of features does not count."""
    network = with_experts(crops)
    figures = []
    for strength in (0.0, 2.0):
        for module in network.modules():
            if isinstance(module, ModulatedConv):
                module.strength.data.fill_(strength)
        checks = {check.name: check for check in check_texture(subject("noisy", network, crops[:1], quick=True))}
        figures.append(checks[bounds.WITHOUT_NOISE.name])
    assert figures[0].value == 0 and figures[0].passed is False
    assert figures[1].value > 0.01 and figures[1].passed


@pytest.mark.long
def test_a_network_agrees_with_its_exported_forms(crops):
    whole = subject("tiny", sound(), crops[:1])
    found = {check.name: check for check in check_agreement(whole)}
    for bound in (bounds.ONNX_LARGEST, bounds.ONNX_PSNR, bounds.OPENVINO_LARGEST, bounds.OPENVINO_PSNR):
        assert found[bound.name].passed or "needs" in found[bound.name].remark
    quick = {check.name: check for check in check_agreement(replace(whole, quick=True))}
    assert quick[bounds.ONNX_LARGEST.name].passed is None and found.keys() == quick.keys()


# Six broken networks


def texture_into_structure(network: Harmonic, patch: pytest.MonkeyPatch) -> None:
    """HF keeps a part of its cell means."""
    exact = head.low_band
    patch.setattr(head, "low_band", lambda x, cell: 0.99 * exact(x, cell))


def collapsed_expert(network: Harmonic, patch: pytest.MonkeyPatch) -> None:
    """One expert is never among the best."""
    for block in experts(network):
        nn.init.constant_(block.router.logits.bias[2:3], -50)


def global_pooling(network: Harmonic, patch: pytest.MonkeyPatch) -> None:
    """Channel attention from the mean of the whole picture, as published networks have it."""

    def globally(features: torch.Tensor, stride: int) -> Cells:
        height, width = features.shape[-2:]
        return Cells(features.mean((2, 3), keepdim=True), max(height, width), height)

    patch.setattr(wiring, "pool_cells", globally)


def global_router(network: Harmonic, patch: pytest.MonkeyPatch) -> None:
    """Experts chosen by the mean of the whole picture."""
    route = Router.forward

    def everywhere(self, x, statistics):
        return route(self, x + x.mean((2, 3), keepdim=True), statistics + statistics.mean((2, 3), keepdim=True))

    patch.setattr(Router, "forward", everywhere)


def wrong_fuse(network: Harmonic, patch: pytest.MonkeyPatch) -> None:
    """Layer scales are forgotten."""

    def folded(projection: Projection) -> PointwiseConv:
        conv = PointwiseConv(projection.conv.in_channels, projection.conv.out_channels)
        conv.load_state_dict(projection.conv.state_dict())
        return conv

    patch.setattr(Projection, "folded", folded)


def clean_not_kept(network: Harmonic, patch: pytest.MonkeyPatch) -> None:
    """Every picture is corrected, whether it needs it or not."""
    network.hf.tail.out.weight *= 0.1 / SMALL


def ringing(network: Harmonic, patch: pytest.MonkeyPatch) -> None:
    """The tail sharpens whatever it sees."""
    forward = Tail.forward

    def sharpening(self, h0, q, base):
        z, features = forward(self, h0, q, base)
        return z + 0.5 * (base - nn.functional.avg_pool2d(base, 5, 1, 2, count_include_pad=False)), features

    patch.setattr(Tail, "forward", sharpening)


# The group of checks that each is caught by.


def fidelity(s: Subject) -> Iterator[Check]:
    return check_fidelity(s, all_passes(s))


BROKEN: list[tuple[Callable[[Harmonic, pytest.MonkeyPatch], None], Bound, Callable[[Subject], Iterator[Check]]]] = [
    (texture_into_structure, bounds.HF_CELL_MEANS, check_laws),
    (collapsed_expert, bounds.USED, check_experts),
    (global_pooling, bounds.REACH, check_laws),
    (global_router, bounds.REACH, check_laws),
    (wrong_fuse, bounds.FUSE, check_laws),
    (clean_not_kept, bounds.CLEAN_MEAN, fidelity),
    (ringing, bounds.RINGING_CLEAN, check_ringing),
]


@pytest.mark.parametrize("damage, bound, checks", BROKEN, ids=[row[0].__name__ for row in BROKEN])
def test_a_broken_network_is_caught_by_the_check_that_is_meant_for_it(damage, bound, checks, crops, monkeypatch):
    """By the check itself, as a report has it: figure, bound and verdict."""

    def verdict() -> Check:
        return next(check for check in checks(subject("one", network, crops, quick=True)) if check.name == bound.name)

    network = with_experts(crops) if damage in (collapsed_expert, global_router) else sound()
    assert verdict().passed is True
    damage(network, monkeypatch)
    assert verdict().passed is False


def test_one_ruined_picture_is_not_hidden_by_those_that_stay_as_they_are(crops, monkeypatch):
    """Equal pictures count 100 dB, so a mean over two of them bears a third that is ruined."""
    network = sound()
    one = subject("sound", network, crops, quick=True)
    assert all(check.passed for check in probes.check_text(one) if check.name == bounds.TEXT_CLEAN.name)
    intact, spoilt = probes.restored, iter([True])

    def first_is_lost(net: Harmonic, picture: np.ndarray) -> np.ndarray:
        return 0 * intact(net, picture) if next(spoilt, False) else intact(net, picture)

    monkeypatch.setattr(probes, "restored", first_is_lost)
    assert [c.passed for c in probes.check_text(one) if c.name == bounds.TEXT_CLEAN.name] == [False]
    kept = {name: np.full_like(crops[0], value) for name, value in (("same", 100), ("other", 140))}
    passes = [
        replace(run_pass(one, case, number), low_kept=100.0 if number else decibel(psnr(*kept.values())))
        for case in damages(1) for number in range(3)
    ]  # fmt: skip
    assert [c.passed for c in check_bands(one, passes) if c.name == bounds.LF_CLEAN.name] == [False]


def test_an_enlarger_without_structure_is_noticed(crops):
    """What LF alone can mend: the input's brightness as a whole."""
    one, clean = subject("structure", randomised(Harmonic(tiny(2))), crops, blind=False), crops[0]
    lf = torch.from_numpy(clean).permute(2, 0, 1)[None] / 255
    base = lf - 0.1
    for lost, parts in ((True, Parts(base, lf - base, 0 * base)), (False, Parts(lf, 0 * base, 0 * base))):
        passes = [figures("bicubic", 0, clean, parts, one.network.config.cell)]
        checks = {check.name: check for check in check_bands(one, passes)}
        assert checks[bounds.WITHOUT_LF_ENLARGED.name].passed is lost


def loud() -> Harmonic:
    """Channel attention and layer scales have next to no effect at birth; here they have."""
    network = sound()
    for module in network.modules():
        if isinstance(module, CellGate | Projection):
            module.load_state_dict({name: 20 * value for name, value in module.state_dict().items()})
    return network


def test_tiles_notice_global_pooling_that_counts(crops, monkeypatch):
    global_pooling(network := loud(), monkeypatch)
    assert not bounds.TILES.holds(laws.tiles(network, crops[0]))


def test_a_batch_notices_statistics_over_it(crops, monkeypatch):
    assert bounds.BATCH.holds(laws.batch(network := loud(), tuple(crops)))
    pool = wiring.pool_cells

    def pool_all(features: torch.Tensor, stride: int) -> Cells:
        cells = pool(features, stride)
        return cells.of(cells.values.mean(0, keepdim=True).repeat(len(features), 1, 1, 1))

    monkeypatch.setattr(wiring, "pool_cells", pool_all)
    assert not bounds.BATCH.holds(laws.batch(network, tuple(crops)))


def test_a_wrong_fuse_is_wrong_on_photographs_too(crops, monkeypatch):
    wrong_fuse(network := sound(), monkeypatch)
    pair = subject("broken", network, crops)
    assert loading.restored(pair.deployed, crops[0]).shape == crops[0].shape
    assert np.abs(loading.restored(pair.deployed, crops[0]) - loading.restored(network, crops[0])).max() > 1e-5


@pytest.mark.parametrize("sigma, stride", [(0, 2), (0, 8), (0, 32), (15, 2), (15, 8)])
def test_a_grid_of_the_network_is_seen_through_noise(crops, monkeypatch, sigma, stride):
    plain = subject("sound", sound(), crops, quick=True)
    (before,) = probes.check_checkerboard(plain)
    assert before.passed is True
    forward = Tail.forward

    def printing(self, h0, q, base):
        z, features = forward(self, h0, q, base)
        z = z.clone()
        noisy = base.std() > 0.01
        z[..., ::stride, ::stride] += 2 / 255 * (noisy == bool(sigma))
        return z, features

    monkeypatch.setattr(Tail, "forward", printing)
    (after,) = probes.check_checkerboard(plain)
    assert after.passed is False


def test_a_frame_is_no_grid(crops, monkeypatch):
    """The border has checks of its own; with it, few repetitions of a long period would look like a grid."""
    forward = Tail.forward

    def framed(self, h0, q, base):
        z, features = forward(self, h0, q, base)
        z = z.clone()
        z[..., :8, :] += 20 / 255
        return z, features

    monkeypatch.setattr(Tail, "forward", framed)
    (check,) = probes.check_checkerboard(subject("framed", sound(), crops, quick=True))
    assert check.passed is True


def test_grids_are_looked_for_whatever_the_strides_of_a_network(crops):
    """Windows of 12 repeat every 96 pixels, which is no part of 128 or 256."""
    config = variant(narrow(PRESETS["base"]()), bottleneck=(HybridSpec(window=12),))
    network = Harmonic(config).eval().requires_grad_(False)
    assert network.grid == 96
    (check,) = probes.check_checkerboard(subject("windows", network, crops[:1], quick=True))
    assert check.value is not None and "periods of 96" in check.remark


def test_a_colour_cast_is_seen_on_flat_areas(crops):
    network = sound()
    network.head.cells.bias[0] += 2 / 255
    assert not bounds.DRIFT_CLEAN.holds(
        probes.drift(subject("cast", network, crops).deployed, probes.flat_colours()[0])
    )


@pytest.mark.parametrize("gain, verdict", [(0.5, "too smooth"), (1, "right"), (1.5, "too sharp")])
def test_the_best_factor_says_what_a_scaled_texture_lacks(crops, gain, verdict):
    clean = loading.to_tensor(crops[0])
    low = low_band(clean, 8)
    parts = Parts(low, torch.zeros_like(low), gain * (clean - low))
    factor = best_factor([figures("mild", 0, crops[0], parts, 4)])
    assert bounds.FACTOR.holds(factor) == (verdict == "right") and (factor > 1.1) == (verdict == "too smooth")
