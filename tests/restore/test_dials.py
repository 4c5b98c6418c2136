"""What each dial promises: laws of strength, mask, wrapping, self-ensemble and size."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image

from harmonic.errors import PictureError, UsageError, WeightsError
from harmonic.ops.resize import resize_to
from harmonic.restore.restorer import Restorer
from harmonic.restore.size import Size


@pytest.fixture
def restorer(stand_in):
    return Restorer(stand_in(), device="cpu", precision="fp32")


def floats(height, width, channels=3):
    return np.random.default_rng(0).random((height, width, channels), np.float32)


def eight_bit(height, width, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


KINDS = [
    eight_bit(21, 30),
    eight_bit(21, 30, 1),
    eight_bit(21, 30)[..., 0],
    floats(21, 30),
    floats(1, 1),
    floats(7, 9, 1),
]


@pytest.mark.parametrize("picture", KINDS, ids=lambda picture: f"{picture.dtype}{picture.shape}")
@pytest.mark.parametrize("more", [{}, {"ensemble": True}, {"wrap": True}, {"detail": 2}], ids=str)
def test_strength_zero_is_the_input_bit_for_bit(restorer, picture, more):
    assert np.array_equal(restorer.restore(picture, strength=0, **more), picture)


def test_the_way_from_the_input_grows_with_strength(tiny_weights):
    restorer = Restorer(tiny_weights, device="cpu", precision="fp32")
    for picture in (eight_bit(40, 50), floats(40, 50, 1)):
        ways = [
            float(np.abs(restorer.restore(picture, strength=s).astype(np.float64) - picture).mean())
            for s in (0, 0.1, 0.25, 0.5, 0.75, 1)
        ]
        assert ways[0] == 0 and all(a < b for a, b in pairwise(ways)), ways


@pytest.mark.parametrize("picture", [eight_bit(21, 30), floats(21, 30)], ids=["uint8", "float"])
def test_black_of_the_mask_stays_bit_for_bit_white_is_restored_in_full(restorer, picture):
    mask = np.zeros((21, 30), np.uint8)
    mask[:, 10:20], mask[:, 20:] = 128, 255
    full, masked = restorer.restore(picture), restorer.restore(picture, mask=mask)
    assert np.array_equal(masked[:, :10], picture[:, :10])
    assert np.array_equal(masked[:, 20:], full[:, 20:])
    half = picture + (128 / 255) * (full.astype(np.float64) - picture)
    assert np.abs(masked[:, 10:20] - half[:, 10:20]).max() <= (0.5 + 1e-3 if picture.dtype == np.uint8 else 1e-6)
    assert np.array_equal(restorer.restore(picture, mask=mask > 128)[:, :20], picture[:, :20])


@pytest.mark.parametrize("kind", [np.int64, np.int8, object, complex])
def test_a_mask_of_numbers_without_a_largest_one_is_refused(restorer, kind):
    """Ones of int64 would be a share of 1e-19: a picture that nobody has restored."""
    with pytest.raises(UsageError, match=r"^mask: holds .*give bool"):
        restorer.restore(np.zeros((8, 9, 3), np.uint8), mask=np.ones((8, 9)).astype(kind))


def test_outside_the_mask_an_enlarged_picture_is_the_plain_enlargement(stand_in):
    restorer, picture = Restorer(stand_in(2), device="cpu", precision="fp32"), eight_bit(21, 30)
    mask = np.zeros((21, 30), np.float32)
    mask[:, 15:] = 1
    masked = restorer.restore(picture, mask=mask)
    assert np.array_equal(masked[:, :26], restorer.restore(picture, strength=0)[:, :26])
    assert np.array_equal(masked[:, 34:], restorer.restore(picture)[:, 34:])


def test_a_mask_that_does_not_fit_is_refused(restorer, tmp_path):
    picture = eight_bit(21, 30)
    with pytest.raises(PictureError, match="mask: is 21x30, the picture 30x21"):
        restorer.restore(picture, mask=np.zeros((30, 21), np.uint8))
    with pytest.raises(UsageError, match="outside 0 to 1"):
        restorer.restore(picture, mask=np.full((21, 30), 255, np.float32))
    with pytest.raises(UsageError, match=r"must be \(H, W\)"):
        restorer.restore(picture, mask=np.zeros((21, 30, 3), np.uint8))
    Image.fromarray(picture).save(tmp_path / "m.png")
    with pytest.raises(UsageError, match=r"m\.png: is coloured"):
        restorer.restore(picture, mask=tmp_path / "m.png")
    with pytest.raises(UsageError, match=r"--mask: .*none\.png"):
        restorer.restore(picture, mask=tmp_path / "none.png")


@pytest.mark.parametrize("scale", [1, 2])
def test_shifting_a_wrapped_input_shifts_the_output_exactly(stand_in, scale):
    restorer, picture = Restorer(stand_in(scale), device="cpu", precision="fp32"), floats(24, 32)
    whole = restorer.restore(picture, wrap=True)
    for shift in ((4, 0), (0, 12), (-8, 20)):
        moved = restorer.restore(np.roll(picture, shift, (0, 1)), wrap=True)
        assert np.array_equal(moved, np.roll(whole, [scale * side for side in shift], (0, 1)))
    assert np.abs(whole - restorer.restore(picture)).max() > 1e-3


def test_a_wrapped_picture_may_be_smaller_than_the_reach(tiny_weights):
    picture = floats(64, 128)
    restorer = Restorer(tiny_weights, device="cpu", precision="fp32")
    moved = restorer.restore(np.roll(picture, 64, 1), wrap=True)
    assert np.abs(moved - np.roll(restorer.restore(picture, wrap=True), 64, 1)).max() <= 1e-6


@pytest.mark.parametrize("scale", [1, 2])
def test_the_ensemble_commutes_with_flips_and_rotations(stand_in, scale):
    restorer, picture = Restorer(stand_in(scale), device="cpu", precision="fp32"), floats(21, 30)
    together = restorer.restore(picture, ensemble=True)
    for turn in (np.fliplr, np.flipud, np.rot90):
        assert np.abs(restorer.restore(turn(picture), ensemble=True) - turn(together)).max() <= 1e-6
        assert np.abs(restorer.restore(turn(picture)) - turn(restorer.restore(picture))).max() > 1e-3


def test_progress_of_an_ensemble_covers_all_its_passes(restorer):
    seen = []
    restorer.restore(floats(9, 11), ensemble=True, progress=lambda *p: seen.append(p))
    assert seen == [(99 * n, 99 * 8) for n in range(1, 9)]


@pytest.mark.parametrize("other", ["ensemble", "wrap"])
def test_generated_texture_is_refused_where_it_cannot_keep_the_promise(hybrid_network, other):
    with pytest.raises(UsageError, match=f"--{other} with --texture"):
        Restorer(hybrid_network, device="cpu").restore(floats(9, 9), texture=1, **{other: True})


def test_the_size_is_exact_and_the_picture_the_reduced_result(stand_in):
    restorer, picture = Restorer(stand_in(2), device="cpu", precision="fp32"), eight_bit(21, 30)
    expected = resize_to(restorer.restore(picture), 32, 45)
    assert np.array_equal(restorer.restore(picture, size=Size(scale=1.5)), expected)
    assert restorer.restore(torch.zeros(2, 3, 21, 30), size=Size(width=7)).shape == (2, 3, 5, 7)
    with pytest.raises(WeightsError, match="this network enlarges by 2"):
        restorer.restore(picture, size=Size(width=61))


def test_alpha_gets_the_size_of_the_picture(restorer):
    result = restorer.restore(Image.fromarray(eight_bit(21, 30, 4)), size=Size(width=10))
    assert result.size == (10, 7) and result.mode == "RGBA"


def test_a_dial_that_does_not_exist_is_refused(restorer):
    with pytest.raises(TypeError, match="strenght"):
        restorer.restore(floats(9, 9), strenght=1)


def test_decompose_takes_files_and_arrays(restorer, tmp_path):
    picture = eight_bit(21, 30)
    Image.fromarray(picture).save(tmp_path / "a.png")
    parts = restorer.decompose(tmp_path / "a.png", region=(3, 4, 10, 9))
    again = restorer.decompose(picture, region=(3, 4, 10, 9))
    assert np.array_equal(parts.mix(), again.mix()) and parts.base.shape == (9, 10, 3)
    assert np.array_equal(np.floor(parts.mix().clip(0, 1) * 255 + 0.5), restorer.restore(picture)[4:13, 3:13])
