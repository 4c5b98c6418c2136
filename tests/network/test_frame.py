"""What is put around a picture before the network sees it: padding, and a frame of mirrored pixels."""

import pytest
import torch

from harmonic.network.config import variant
from harmonic.network.harmonic import Harmonic
from harmonic.nn.cells import CELL
from harmonic.ops.pad import mirror_pad
from making import fresh, randomised


@pytest.mark.parametrize(
    "preset, scale, sides", [("fast", 1, (40, 104)), ("fast", 4, (40, 104)), ("base", 2, (64, 128))]
)
def test_pictures_are_padded_to_whole_positions_and_windows_and_to_one_cell_at_least(preset, scale, sides):
    model = fresh(preset, scale)
    assert model.frame(torch.rand(1, 3, 33, 100)).shape[-2:] == sides
    assert model.frame(torch.rand(1, 3, 1, 1)).shape[-1] == max(CELL, model.multiple)


def test_a_frame_is_the_picture_mirrored_by_hand():
    framed = randomised(fresh("tiny", 2))
    bare = Harmonic(variant(framed.config, mirror=0)).eval()
    bare.load_state_dict(framed.state_dict())
    x = torch.rand(1, 3, 27, 61)
    assert framed.config.mirror == 2
    assert torch.equal(framed.eval()(x), bare(mirror_pad(x, 2, 3, 2, 5))[..., 4:-6, 4:-10])  # 32 x 68
    assert not torch.equal(framed(x), bare(x))
