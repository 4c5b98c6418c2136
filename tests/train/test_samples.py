"""Samples are functions of their key, whoever makes them."""

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
import torch

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Bicubic
from harmonic.degrade.mixtures import Mixture
from harmonic.errors import ResourceError
from harmonic.train.batches import Prefetch, batch, thumbnails_of
from harmonic.train.processes import ProcessPrefetch
from harmonic.train.samples import Stream, drafted, sample, turned
from toys import NOTHING, pictures, stream


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))


def test_a_sample_is_a_function_of_its_key():
    source = replace(stream(thumbnails=thumbnails_of(pictures())), synthetic=0.3)
    first = sample(source, 32, 9, 1)
    assert equal(first, sample(source, 32, 9, 1))
    others = [sample(source, 32, 10, 1), sample(source, 32, 9, 2), sample(replace(source, seed=6), 32, 9, 1),
              sample(replace(source, turn=1), 32, 9, 1)]  # fmt: skip
    assert all(not np.array_equal(first.gt, other.gt) for other in others)
    assert len({first.key, *(other.key for other in others)}) == 5


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_makes_the_same_batches(workers):
    source = replace(stream(), synthetic=0.2)
    with Prefetch(source, workers) as prefetch:
        for step in (0, 1, 2, 7):  # also after a jump
            (made,) = prefetch.get(step, 32, (range(4),), torch.device("cpu"))
            expected = batch(source, 32, step, range(4))
            assert torch.equal(made.lq, expected.lq) and torch.equal(made.gt, expected.gt)


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_make_the_same_batches(workers):
    source, parts, cpu = replace(stream(), synthetic=0.2), (range(2), range(2, 4)), torch.device("cpu")
    with ProcessPrefetch(source, workers) as prefetch:
        for step, crop in ((0, 32), (1, 32), (7, 32), (8, 48)):  # also after a jump, and in another phase
            made = prefetch.get(step, crop, parts, cpu)
            for found, part in zip(made, parts, strict=True):
                expected = batch(source, crop, step, part)
                assert torch.equal(found.lq, expected.lq) and torch.equal(found.keys, expected.keys)
        prefetch.use(replace(source, turn=1))
        turned_back = prefetch.get(9, 48, parts, cpu)[0]
        assert torch.equal(turned_back.gt, batch(replace(source, turn=1), 48, 9, parts[0]).gt)
    assert not [child for child in multiprocessing.active_children() if child.is_alive()]


def test_a_killed_process_is_told_in_one_line():
    """torch says so from a signal's handler, at any place of the block."""
    told = pytest.raises(ResourceError, match=r"was killed.*lower data\.workers")
    with told, ProcessPrefetch(stream(), 1):
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")


def test_ranks_and_parts_share_the_batch_of_one_process():
    whole = batch(stream(), 32, 3, range(4))
    parts = [batch(stream(), 32, 3, indices) for indices in (range(2), range(2, 4))]
    assert torch.equal(whole.lq, torch.cat([part.lq for part in parts]))


@pytest.mark.parametrize("scale, crops", [(1, (16, 79, 80)), (2, (16, 39, 40)), (3, (16, 26)), (4, (16, 19, 20))])
def test_crops_have_the_asked_size_up_to_the_whole_picture(scale, crops):
    for crop in crops:
        for index in range(20):
            got = sample(stream(scale), crop, 0, index)
            assert got.lq.shape == (crop, crop, 3) and got.gt.shape == (scale * crop, scale * crop, 3)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_damage_of_second_order_ends_at_the_size_of_the_input(scale):
    for index in range(20):
        got = sample(stream(scale, real=1), 16, 0, index)
        assert got.lq.shape == (16, 16, 3) and got.gt.shape == (16 * scale, 16 * scale, 3)
        assert np.isfinite(got.lq).all() and ((got.labels >= 0) & (got.labels <= 1)).all()


def test_grey_samples_have_equal_channels_noise_included():
    got = batch(stream(noise=1, grey=1), 32, 0, range(4))
    for side in (got.lq, got.gt):
        torch.testing.assert_close(side, side[:, :1].expand_as(side), atol=1e-6, rtol=0)
    assert (got.lq - got.gt).abs().max() > 0.01


def test_clean_samples_are_untouched_pixels_without_labels():
    got = batch(stream(clean=1), 32, 0, range(4))
    assert torch.equal(got.lq, got.gt) and not got.labels.any()
    assert torch.equal(got.gt * 255, (got.gt * 255).round())


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_inputs_of_enlargement_are_the_exact_bicubic_ones(scale):
    """Away from the picture's border, where the taps of the crop and its margin are those of the whole picture."""
    side = 48 * scale
    big = [np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)]
    whole = degrade(big[0].astype(np.float32) / 255, (Bicubic(scale=scale),), np.random.default_rng(0))
    found = 0
    for index in range(200):
        got = sample(replace(stream(scale, clean=1), pictures=big), 16, 0, index)
        for turns in range(8):
            lq = np.rot90(got.lq[:, ::-1] if turns >= 4 else got.lq, turns % 4)
            for y, x in np.argwhere((whole[:33, :33] == lq[0, 0]).all(2)):
                found += np.array_equal(whole[y : y + 16, x : x + 16], lq)
    assert found > 5  # crops whose corner lies on a multiple of scale


@pytest.mark.parametrize("scale", [1, 2])
def test_pairs_are_cut_at_the_same_place_and_turned_alike(scale):
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)]
    targets = [picture.repeat(scale, 0).repeat(scale, 1) for picture in inputs]
    source = replace(stream(scale), pictures=targets, inputs=inputs)
    for index in range(20):
        got = sample(source, 16, 0, index)
        assert np.array_equal(got.lq.repeat(scale, 0).repeat(scale, 1), got.gt) and got.chain == ()
    assert batch(source, 16, 0, range(2)).labels is None  # nobody knows what their damage is


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_sample_is_what_its_chain_makes_of_its_window(scale):
    for index in range(12):
        source = stream(scale, noise=1, jpeg=1, hmix=1, real=1)
        got, draft = sample(source, 16, 0, index), drafted(source, 16, 0, index)
        lq = degrade(draft.clean, draft.chain, draft.rng)[draft.top : draft.top + 16, draft.left : draft.left + 16]
        assert np.array_equal(got.lq, turned(lq, draft)) and got.chain == draft.chain


def test_a_thumbnail_is_turned_as_its_crop_is():
    """A picture that is brighter towards the right is brighter on the same side in crop and thumbnail."""
    ramp = [np.broadcast_to(np.linspace(0, 255, 96)[None, :, None], (96, 96, 3)).astype(np.uint8)]
    sides = set()
    for index in range(16):
        got = sample(replace(stream(clean=1), pictures=ramp, thumbnails=thumbnails_of(ramp)), 64, 0, index)

        def brightest(a):
            ends = {"left": a[:, 0], "right": a[:, -1], "top": a[0], "bottom": a[-1]}
            return max(ends, key=lambda name: ends[name].mean())

        assert brightest(got.thumbnail) == brightest(got.gt)
        sides.add(brightest(got.gt))
    assert len(sides) == 4


def test_context_is_present_in_most_samples_and_missing_in_some():
    shares = batch(stream(clean=1), 16, 0, range(200)).present.float().mean()
    assert 0.7 < shares < 0.9


def test_drawn_pictures_come_in_their_share_and_without_a_context():
    """The toy pictures are squares of 8 pixels, none pure; drawn ones but screens hardly ever repeat a pixel so."""
    for share in (0.0, 0.5, 1.0):
        source = replace(stream(clean=1), synthetic=share, thumbnails=thumbnails_of(pictures()))
        got = [sample(source, 32, 0, index) for index in range(60)]
        toys = [any(np.array_equal(s.gt[:, i], s.gt[:, i + 1]) for i in range(3)) and not np.isin(s.gt, (0, 1)).all()
                for s in got]  # fmt: skip
        assert abs(np.mean(toys) - (1 - share)) < 0.25
        if share == 1:
            assert not any(s.present for s in got)


def test_detailed_crops_are_the_busier_of_two():
    noise = np.random.default_rng(0).integers(0, 256, (96, 48, 3), np.uint8)
    halves = Stream([np.concatenate([noise, np.full_like(noise, 90)], 1)], Mixture(**{**NOTHING, "clean": 1}), 5)
    busy, plain = (
        np.mean([sample(replace(halves, detailed=share), 24, step, 0).gt.std() for step in range(60)])
        for share in (1.0, 0.0)
    )
    assert busy > 1.2 * plain


def test_a_grey_sample_has_a_grey_thumbnail():
    source = replace(stream(clean=1, grey=0.5), thumbnails=thumbnails_of(pictures()))
    spreads = [(np.ptp(got.gt, 2).max() > 0, np.ptp(got.thumbnail, 2).max() > 1e-6)
               for got in (sample(source, 16, 0, index) for index in range(20))]  # fmt: skip
    assert set(spreads) == {(True, True), (False, False)}
