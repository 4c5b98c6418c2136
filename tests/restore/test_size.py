"""The smallest enlargement that reaches the size, and sizes to the pixel."""

import pytest

from harmonic.errors import PictureError, UsageError, WeightsError
from harmonic.restore.size import Size, SizePlan, plan_size

SHIPPED = (4, 1, 2)


@pytest.mark.parametrize(
    "size, picture, plan",
    [
        (Size(scale=1.5), (100, 60), (2, 150, 90)),
        (Size(scale=2), (101, 61), (2, 202, 122)),
        (Size(scale=1), (101, 61), (1, 101, 61)),
        (Size(scale=0.5), (101, 61), (1, 51, 31)),
        (Size(scale=2.01), (100, 60), (4, 201, 121)),
        (Size(width=640), (1000, 500), (1, 640, 320)),
        (Size(width=1000), (1000, 501), (1, 1000, 501)),
        (Size(width=1001), (1000, 500), (2, 1001, 501)),
        (Size(height=999), (1000, 333), (4, 3000, 999)),
        (Size(width=640, height=427), (6000, 4000), (1, 640, 427)),
        (Size(min_side=128), (500, 100), (2, 640, 128)),
        (Size(min_side=1), (500, 100), (1, 5, 1)),
        (Size(megapixels=24), (6000, 4000), (1, 6000, 4000)),
        (Size(megapixels=2), (1000, 500), (2, 2000, 1000)),
        (Size(width=1), (10, 10_000), (1, 1, 1000)),
        (Size(width=3), (10_000, 10), (1, 3, 1)),
    ],
)
def test_the_smallest_scale_that_reaches_the_size_is_taken(size, picture, plan):
    assert plan_size(size, *picture, SHIPPED) == SizePlan(*plan)


@pytest.mark.parametrize("size", [Size(width=401), Size(scale=4), Size(min_side=300), Size(megapixels=0.5)])
def test_a_size_that_no_weights_reach_names_what_they_reach(size):
    with pytest.raises(WeightsError, match=r"ours enlarges by 2.*name other weights"):
        plan_size(size, 200, 100, (1, 2), "ours")


def test_width_and_height_that_distort_are_refused():
    with pytest.raises(PictureError, match="600x500 would distort 6000x4000"):
        plan_size(Size(width=600, height=500), 6000, 4000, SHIPPED)


@pytest.mark.parametrize(
    "wrong, part",
    [
        ({}, "give exactly one"),
        ({"width": 5, "megapixels": 1}, "--width/--height and --megapixels: .*exactly one"),
        ({"width": 0}, "--width 0: must be 1 pixel"),
        ({"height": -3}, "--height -3"),
        ({"scale": 9}, "--scale 9: must be above 0, and 4 at most"),
        ({"scale": 0}, "--scale 0"),
        ({"scale": float("nan")}, "--scale nan"),
        ({"megapixels": 0}, "--megapixels 0: must be above 0"),
        ({"megapixels": float("inf")}, "--megapixels inf"),
    ],
)
def test_wrong_sizes_are_refused_with_the_right_ones(wrong, part):
    with pytest.raises(UsageError, match=part):
        Size(**wrong)
