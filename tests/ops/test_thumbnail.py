import pytest
import torch

from harmonic.ops.thumbnail import THUMBNAIL, thumbnail


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (33, 32), (128, 96)])
def test_a_thumbnail_has_one_size_and_keeps_flat_colours(size):
    small = thumbnail(torch.full((2, 3, *size), 0.3, dtype=torch.float64))
    assert small.shape == (2, 3, THUMBNAIL, THUMBNAIL) and small.dtype == torch.float32
    torch.testing.assert_close(small, torch.full_like(small, 0.3))


def test_a_thumbnail_is_the_mean_of_areas():
    picture = torch.rand(1, 3, 64, 96)
    expected = picture.reshape(1, 3, 32, 2, 32, 3).mean((3, 5))
    torch.testing.assert_close(thumbnail(picture), expected)
