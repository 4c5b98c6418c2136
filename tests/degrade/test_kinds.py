import pytest
from pydantic import ValidationError

from harmonic.degrade import kinds
from harmonic.degrade.kinds import CHAIN, Blur

EVERY_KIND = (
    kinds.Blur(sigma=1 / 3),
    kinds.AnisotropicBlur(sigma=2, across=0.1 + 0.2, angle=-3, shape="plateau", beta=2, size=7),
    kinds.MotionBlur(length=4, angle=0.1),
    kinds.Sinc(cutoff=1, size=9),
    kinds.Noise(sigma=25, clip=True),
    kinds.PoissonNoise(scale=0.7, grey=True),
    kinds.Speckle(sigma=3),
    kinds.Jpeg(quality=10, subsampling="4:4:4"),
    kinds.WebP(quality=10),
    kinds.Round(),
    kinds.Resize(factor=0.7, kernel="area"),
    kinds.ToScale(scale=2, kernel="bilinear"),
    kinds.Bicubic(scale=3),
)


def test_a_chain_survives_the_way_through_json_to_the_last_bit():
    assert CHAIN.validate_json(CHAIN.dump_json(EVERY_KIND)) == EVERY_KIND
    assert len({step.kind for step in EVERY_KIND}) == len(EVERY_KIND)


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
        {"kind": "anisotropic-blur", "sigma": 1, "across": 1, "size": 8},
        {"kind": "anisotropic-blur", "sigma": 0, "across": 1},
        {"kind": "sinc", "cutoff": 3.2},
        {"kind": "motion-blur", "length": -0.5},
        {"kind": "resize", "factor": 0},
        {"kind": "resize", "factor": 1, "kernel": "lanczos"},
        {"kind": "to-scale", "scale": float("inf")},
        {"kind": "bicubic", "scale": 0.5},
        {"kind": "webp", "quality": 101},
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
