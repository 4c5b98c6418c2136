"""Parts as bytes: what comes out mixes to what the engine gives."""

import numpy as np
import pytest

from harmonic.restore.parts import PictureParts, Region
from harmonic.serve.parts import checked_region, encode_parts, shrinkage, shrunk
from harmonic.serve.refusal import Refusal
from uploads import decoded


@pytest.mark.parametrize("channels, texture", [(3, True), (1, False)])
def test_parts_come_back_within_half_a_step(channels: int, texture: bool):
    rng = np.random.default_rng(0)
    planes = [rng.normal(0, scale, (5, 7, channels)).astype(np.float32) for scale in (1, 0.1, 0.3, 0.01)]
    gates = rng.random((2, 4, 2, 3)).astype(np.float32)
    parts = PictureParts(planes[0], planes[1], planes[2], planes[3] if texture else None, gates, 16, Region(0, 0, 7, 5))
    heading, back = decoded(encode_parts(parts, {"seed": 3}))
    assert (heading["width"], heading["height"], heading["seed"], heading["routing"]["cell"]) == (7, 5, 3, 16)
    assert list(back) == ["base", "lf", "hf", *(["texture"] if texture else []), "routing"]
    for name, plane in zip(("base", "lf", "hf", "texture"), planes, strict=True):
        if name in back:
            step = (plane.max() - plane.min()) / 65535
            assert back[name].shape == (5, 7, 3) and np.abs(back[name] - plane).max() <= 0.51 * step
    assert np.abs(back["routing"] / 255 - gates.mean(0).transpose(1, 2, 0)).max() <= 0.51 / 255


def test_a_constant_part_is_exact():
    zero = np.zeros((2, 2, 3), np.float32)
    _, back = decoded(encode_parts(PictureParts(zero + 0.25, zero, zero, None, None, 0, Region(0, 0, 2, 2)), {}))
    assert (back["base"] == 0.25).all() and (back["lf"] == 0).all()


def test_a_region_lies_in_the_picture():
    assert checked_region((None, None, None, None), 40, 30) == (0, 0, 40, 30)
    assert checked_region((10, 5, None, 20), 40, 30) == (10, 5, 30, 20)
    for wrong in ((40, 0, None, None), (0, 0, 41, 1), (5, 20, 1, 11)):
        with pytest.raises(Refusal, match="40x30"):
            checked_region(wrong, 40, 30)


def test_a_region_with_too_many_pixels_is_refused_or_shrunk_below_the_limit():
    region = 0, 0, 300, 200
    assert shrinkage(region, 2, 240_000, False) == 1
    with pytest.raises(Refusal, match="over the limit of 1,000"):
        shrinkage(region, 2, 1000, False)
    for channels in (1, 3):
        small = shrunk(np.full((200, 300, channels), 99, np.uint8), shrinkage(region, 2, 1000, True))
        assert small.shape[2] == channels and 4 * small.shape[0] * small.shape[1] <= 1000 and (small == 99).all()
