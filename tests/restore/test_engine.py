"""Tiles are exact, memory trouble and bad numbers are handled as promised."""

import copy

import numpy as np
import pytest
import torch

from harmonic.errors import PictureError, ResourceError
from harmonic.network.deploy import limit_experts
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from harmonic.restore.engine import Engine, Mix
from harmonic.restore.restorer import Restorer
from making import randomised

CPU = torch.device("cpu")
FULL = Mix()


def picture(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).random((height, width, channels), np.float32)


def run(network, source, tile="off", precision="fp32", mix=FULL):
    return Engine(network.eval(), CPU, precision, tile).run(source, mix)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("tile", [4, 12, 40])
def test_tiles_are_exact_with_the_stand_in(stand_in, scale, tile):
    network, source = stand_in(scale), picture(71, 93)
    assert np.abs(run(network, source, tile).pixels - run(network, source).pixels).max() <= 1e-5


def test_a_halo_that_is_too_small_shows(stand_in):
    network, source = stand_in(), picture(71, 93)
    whole = run(network, source).pixels
    network.reach = 0
    assert np.abs(run(network, source, 12).pixels - whole).max() > 1e-3


def gap_of_tiles(network, source, core):
    whole, tiled = (Restorer(network, device="cpu", precision="fp32", tile=tile) for tile in ("off", core))
    result = whole.restore(source)
    assert np.abs(result - whole.restore(source, strength=0)).max() > 1e-2
    return np.abs(tiled.restore(source) - result).max()


def test_tiles_are_exact_with_tiny(tiny_network):
    # Odd, more than three cores and halos a side, so that there are tiles with a halo on all sides.
    core, halo = 128, tiny_network.reach
    source = picture(3 * (core + halo) + 7, 3 * (core + halo) + 21)
    assert gap_of_tiles(tiny_network, source, core) <= 1e-5


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_tiles_are_exact_where_attention_matters_and_with_a_frame(scale):
    network = randomised(Harmonic(tiny(scale))).eval()
    for name, weight in network.named_parameters():
        if name.endswith("attention.gate.weight"):
            torch.nn.init.normal_(weight, std=2)
    place = np.mgrid[:335, :313] // 16
    bright = np.random.default_rng(0).random((21, 20))[place[0], place[1]][..., None]  # else all cells are alike
    source = (0.7 * bright + 0.3 * picture(335, 313)).astype(np.float32)
    assert gap_of_tiles(network, source, 64) <= 1e-5
    network.grid = network.multiple  # tiles start where whole positions do, but not on cells
    assert gap_of_tiles(network, source, 56) > 1e-4


@pytest.mark.parametrize("tile", ["off", 12])
def test_eight_bit_results_are_the_rounded_float_ones(stand_in, tile):
    network = stand_in()
    source = (255 * picture(31, 45)).astype(np.uint8)
    exact = run(network, (source / np.float32(255)).astype(np.float32), tile).pixels
    expected = np.floor(exact.clip(0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    assert np.array_equal(run(network, source, tile).pixels, expected)


def test_grey_is_the_mean_of_three_equal_channels(stand_in):
    network, grey = stand_in(), picture(20, 30, 1)
    result = run(network, grey).pixels
    assert result.shape == (20, 30, 1)
    assert np.allclose(result[..., 0], run(network, grey.repeat(3, 2)).pixels.mean(2), atol=1e-6)


def test_strength_zero_does_not_even_run_the_network(stand_in):
    network, source = stand_in(gain=float("nan")), picture(9, 11) * 3 - 1
    result = run(network, source, mix=Mix(0, 1)).pixels
    assert np.array_equal(result, source) and result is not source and not network.passes


def test_strength_zero_is_the_plain_enlargement_for_any_weights(stand_in):
    source = picture(9, 11)
    broken, sound = (run(stand_in(2, gain), source, mix=Mix(0, 1)).pixels for gain in (float("nan"), 1.0))
    assert np.array_equal(broken, sound)


def test_memory_does_not_limit_the_picture_but_the_tile(stand_in, monkeypatch):
    network = stand_in()
    monkeypatch.setattr("harmonic.restore.engine.free_memory", lambda device: 2 * 1024 * 40_000)
    result = run(network, picture(700, 500), "auto")
    assert result.tile == 128 and max(h * w for h, w in network.passes) <= 40_000


@pytest.mark.parametrize("failure", [MemoryError(), RuntimeError("can't allocate memory"), torch.OutOfMemoryError()])
def test_out_of_memory_is_tried_again_with_smaller_tiles(stand_in, failure):
    network, source = stand_in(), picture(400, 380)
    whole, decompose = run(network, source).pixels, network.decompose

    def short_of_memory(x, *rest):
        if x.shape[-1] * x.shape[-2] > 60_000:
            raise failure
        return decompose(x, *rest)

    network.decompose = short_of_memory
    result = run(network, source, "auto")
    assert result.tile is not None and "smaller tiles" in result.notes[0]
    assert np.abs(result.pixels - whole).max() <= 1e-5


@pytest.mark.parametrize("tile", ["auto", "off", 64])
def test_out_of_memory_ends_when_nothing_smaller_is_left(stand_in, tile):
    network = stand_in()

    def no_memory(*_):
        raise MemoryError

    network.decompose = no_memory
    with pytest.raises(ResourceError, match="not enough"):
        run(network, picture(300, 300), tile)


def test_other_runtime_errors_are_not_taken_for_it(stand_in):
    network = stand_in()
    network.decompose = lambda *_: torch.zeros(2) @ torch.zeros(3)
    with pytest.raises(RuntimeError, match="size"):
        run(network, picture(9, 9), "auto")


def test_values_that_are_not_finite_are_repeated_in_fp32(stand_in):
    network, source = stand_in(), picture(9, 9)
    expected, decompose = run(network, source).pixels, network.decompose

    def overflowing(x, *rest):
        if not torch.is_autocast_enabled("cpu"):
            return decompose(x, *rest)
        return decompose(x * float("inf"), *rest)

    network.decompose = overflowing
    result = run(network, source, precision="bf16")
    assert np.array_equal(result.pixels, expected) and "repeated in fp32" in result.notes[0]


def test_values_that_stay_infinite_cost_the_picture(stand_in):
    with pytest.raises(PictureError, match="because of the weights"):
        run(stand_in(gain=float("inf")), picture(9, 9))
    with pytest.raises(PictureError, match="because of the picture"):
        run(stand_in(), picture(9, 9) * np.float32("nan"))


def test_the_context_is_that_of_the_whole_picture_and_tiles_stay_exact(hybrid_network):
    source = picture(300, 420)
    whole = run(hybrid_network, source, mix=Mix(texture=1, seed=7))
    tiled = run(hybrid_network, source, 128, mix=Mix(texture=1, seed=7))
    assert np.abs(tiled.pixels - whole.pixels).max() <= 1e-5
    x = torch.from_numpy(source).permute(2, 0, 1)[None]
    with torch.inference_mode():
        expected = hybrid_network(x, hybrid_network.look(x))[0].permute(1, 2, 0).numpy()
    assert np.abs(run(hybrid_network, source).pixels - expected).max() <= 1e-5
    far = source.copy()
    far[-100:] = 5  # farther from the first rows than the network reaches
    hybrid_network.reach = 64
    assert np.abs(run(hybrid_network, far, 128).pixels[:64] - run(hybrid_network, source, 128).pixels[:64]).max() > 1e-4


def test_texture_depends_on_its_seed_alone(hybrid_network):
    source = picture(100, 140)
    plain, first, again, other = (
        run(hybrid_network, source, mix=mix).pixels
        for mix in (Mix(), Mix(texture=1, seed=3), Mix(texture=1, seed=3), Mix(texture=1, seed=4))
    )
    assert np.array_equal(first, again)
    assert np.abs(first - plain).max() > 1e-4 and np.abs(first - other).max() > 1e-4


def test_a_smaller_budget_skips_more(hybrid_network):
    source = picture(160, 160)
    skipped, results = [], []
    for budget in (1.0, 0.6, 0.0):
        network = copy.deepcopy(hybrid_network)
        limit_experts(network, budget)
        result = run(network, source)
        skipped.append(result.skipped)
        results.append(result.pixels)
    assert skipped == sorted(skipped) and skipped[0] < 1 and skipped[-1] == 1
    assert np.array_equal(results[0], run(hybrid_network, source).pixels)
    assert np.abs(results[-1] - results[0]).max() > 1e-4
