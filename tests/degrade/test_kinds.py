import pytest
from pydantic import TypeAdapter, ValidationError

from harmonic.degrade.kinds import Blur, Degradation, Jpeg, Noise, Round

CHAIN = TypeAdapter(tuple[Degradation, ...])


def test_a_chain_survives_the_way_through_json():
    chain = (Blur(sigma=1.6), Noise(sigma=25, clip=True), Jpeg(quality=10, subsampling="4:4:4"), Round())
    assert CHAIN.validate_json(CHAIN.dump_json(chain)) == chain


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "blur", "sigma": -1},
        {"kind": "blur", "sigma": 5.1},
        {"kind": "blur", "sigma": 1, "radius": 3},
        {"kind": "noise", "sigma": float("nan")},
        {"kind": "jpeg", "quality": 0},
        {"kind": "jpeg", "quality": 101},
        {"kind": "jpeg", "quality": 50, "subsampling": "4:1:1"},
        {"kind": "sharpen"},
        {"sigma": 1},
    ],
)
def test_what_is_unknown_or_out_of_range_is_refused(step):
    with pytest.raises(ValidationError):
        CHAIN.validate_python([step])


def test_values_are_frozen():
    with pytest.raises(ValidationError):
        Blur(sigma=1).sigma = 2  # pyright: ignore[reportAttributeAccessIssue]
