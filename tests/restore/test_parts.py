"""Parts add up to the result, and those of a region are those of the whole."""

import numpy as np
import pytest
import torch

from harmonic.errors import UsageError
from harmonic.restore.engine import Engine, Mix

CPU = torch.device("cpu")


def picture(height, width, channels=3):
    return np.random.default_rng(0).random((height, width, channels), np.float32)


def engine(network, tile="off"):
    return Engine(network.eval(), CPU, "fp32", tile)


@pytest.mark.parametrize("mix", [Mix(), Mix(0.5, 1.5, 0.7, 3), Mix(0)])
def test_mixed_parts_are_the_result(hybrid_network, mix):
    source, machine = picture(70, 90), engine(hybrid_network)
    mixed = machine.parts(source, mix.seed).mix(mix.strength, mix.detail, mix.texture)
    assert np.abs(mixed - machine.run(source, mix).pixels).max() <= 1e-6


@pytest.mark.parametrize("scale, tile", [(1, "off"), (1, 12), (2, 8)])
@pytest.mark.parametrize("region", [(0, 0, 93, 71), (13, 22, 30, 17), (90, 3, 3, 68), (5, 70, 1, 1)])
def test_a_region_is_the_crop_of_the_whole(stand_in, scale, tile, region):
    machine, source = engine(stand_in(scale), tile), picture(71, 93)
    whole, part = engine(machine.network).parts(source), machine.parts(source, region=region)
    x, y, width, height = (scale * side for side in region)
    for name in ("base", "lf", "hf"):
        crop = getattr(whole, name)[y : y + height, x : x + width]
        assert np.abs(getattr(part, name) - crop).max() <= 1e-5, name


def test_a_region_has_the_routing_and_the_texture_of_the_whole(hybrid_network):
    hybrid_network.reach = 96  # less than it may see, as far as random weights let it
    source, (x, y, width, height) = picture(150, 500), (300, 20, 70, 64)  # tiles start at 128 of 500 columns
    whole = engine(hybrid_network).parts(source, 5)
    part = engine(hybrid_network, 64).parts(source, 5, (x, y, width, height))
    assert whole.routing is not None and part.routing is not None
    assert whole.texture is not None and part.texture is not None
    rows, columns = (slice(start // 32, -(-stop // 32)) for start, stop in ((y, y + height), (x, x + width)))
    assert part.cell == 32 and np.abs(part.routing - whole.routing[..., rows, columns]).max() < 1e-2
    texture = whole.texture[y : y + height, x : x + width]
    assert np.abs(part.texture - texture).mean() < 0.02 * np.abs(texture).mean()


def test_grey_pictures_have_grey_parts(stand_in):
    assert engine(stand_in()).parts(picture(9, 11, 1)).hf.shape == (9, 11, 1)


@pytest.mark.parametrize("region", [(-1, 0, 5, 5), (0, 0, 0, 5), (5, 5, 20, 1), (0, 9, 1, 2)])
def test_a_region_outside_the_picture_is_refused(stand_in, region):
    with pytest.raises(UsageError, match="must lie in the picture, which is 11x9"):
        engine(stand_in()).parts(picture(9, 11), region=region)
