import csv
from hashlib import sha256

import numpy as np
import pytest

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Blur, Jpeg, Noise
from harmonic.measure.clouds import P63
from harmonic.measure.hmix import hmix_draw, hmix_input, hmix_key
from harmonic.measure.keyed import digest_of
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import luma, psnr, ssim

# severity: RGB PSNR, SSIM, Y PSNR, P63, mean blur, noise and quality over LIVE1 (protocol 11.6)
GOLDEN = {
    "mild": (22.028869, 0.427249, 23.650844, 23.043691, 1.835, 20.86, 59.0),
    "moderate": (21.070619, 0.372477, 22.649591, 21.796084, 1.976, 27.97, 35.3),
    "severe": (19.299993, 0.254164, 20.830447, 19.798201, 3.027, 35.26, 28.8),
}


def test_the_random_source_is_the_frozen_one():
    rng = np.random.RandomState(np.random.Philox(key=1))
    np.testing.assert_allclose(rng.random_sample(2), [0.30356803, 0.84870875], atol=1e-8)
    np.testing.assert_allclose(rng.standard_normal(2), [-0.84955292, 0.82060382], atol=1e-8)


def test_the_key_is_the_published_digest():
    assert digest_of(hmix_key("bikes", "mild")).hex() == "bde79d1f904714345dda380328e20da0"


@pytest.mark.parametrize(
    "severity, triple, blur, noise, quality",
    [
        ("mild", (1, 4, 8), 0.060473, 17.043186, 25),
        ("moderate", (2, 5, 8), 0.9233, 22.1138, 24),
        ("severe", (10, 4, 8), 4.8081, 15.7008, 23),
    ],
)
def test_the_draws_of_the_first_picture(severity, triple, blur, noise, quality):
    drawn, steps, _ = hmix_draw("bikes", severity)
    assert drawn == triple
    assert steps == (Blur(sigma=steps[0].sigma), Noise(sigma=steps[1].sigma, clip=True), Jpeg(quality=quality))
    assert (steps[0].sigma, steps[1].sigma) == pytest.approx((blur, noise), abs=5e-5)


def test_inputs_depend_on_name_and_severity_alone():
    clean = np.random.default_rng(8).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    first = hmix_input(clean, "a", "mild")
    np.testing.assert_array_equal(first, hmix_input(clean, "a", "mild"))
    assert (first != hmix_input(clean, "b", "mild")).any()
    assert (first != hmix_input(clean, "a", "severe")).any()


@pytest.mark.parametrize("severity", GOLDEN)
def test_golden_inputs_of_live1(live1, severity):
    rows, chains, patches = [], [], P63.gather()
    for name, clean in live1.items():
        degraded = hmix_input(clean, name, severity)
        rows.append((psnr(degraded, clean), ssim(degraded, clean), psnr(luma(degraded), luma(clean))))
        patches.add(degraded, degraded, clean)
        blur, noise, jpeg = hmix_draw(name, severity)[1]
        chains.append((blur.sigma, noise.sigma, jpeg.quality))
    expected = GOLDEN[severity]
    rgb, similarity, y = np.mean(rows, axis=0)
    assert rgb == pytest.approx(expected[0], abs=1e-4)
    assert similarity == pytest.approx(expected[1], abs=1e-5)
    assert y == pytest.approx(expected[2], abs=1e-4)
    assert patches.figures()["patches"] == 2455
    assert patches.figures()["after"] == pytest.approx(expected[3], abs=1e-4)
    for mean, stated, half_a_digit in zip(np.mean(chains, axis=0), expected[4:], (5e-4, 5e-3, 5e-2), strict=True):
        assert mean == pytest.approx(stated, abs=half_a_digit)


@pytest.mark.long
def test_golden_list_picture_by_picture(data, live1):
    listed = data.parent / "reference" / "hmix_golden.csv"
    if not listed.is_file():
        pytest.skip(f"{listed} is not here")
    with listed.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 87
    for row in rows:
        clean = live1[row["name"]]
        triple, steps, rng = hmix_draw(row["name"], row["severity"])
        assert triple == (int(row["b"]), int(row["n"]), int(row["j"]))
        assert [steps[0].sigma, steps[1].sigma, steps[2].quality] == pytest.approx(
            [float(row["blur_sigma"]), float(row["noise_sigma"]), int(row["quality"])], abs=1e-9
        )
        before_jpeg = degrade(to_float(clean, np.float64), steps[:2], rng)
        degraded = to_uint8(degrade(before_jpeg, steps[2:], rng))
        assert sha256(to_uint8(before_jpeg).tobytes()).hexdigest()[:12] == row["sha256_12_before_jpeg"], row
        assert sha256(degraded.tobytes()).hexdigest()[:12] == row["sha256_12_degraded"], row
        assert psnr(degraded, clean) == pytest.approx(float(row["psnr_rgb"]), abs=2e-6)
        assert ssim(degraded, clean) == pytest.approx(float(row["ssim_rgb"]), abs=2e-6)
