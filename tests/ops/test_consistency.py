from fractions import Fraction
from math import inf

import numpy as np
import pytest

from harmonic.ops.consistency import lf_consistency
from harmonic.ops.quality import low_band_psnr, psnr
from harmonic.ops.resize import imresize

CLEAN = np.random.default_rng(7).integers(0, 256, (36, 48, 3), dtype=np.uint8)


def test_at_scale_1_both_are_the_low_band_psnr():
    given, output = CLEAN // 2, CLEAN // 3
    found = lf_consistency(output, CLEAN, given)
    assert found.target == pytest.approx(low_band_psnr(output, CLEAN), abs=1e-9)
    assert found.input == pytest.approx(low_band_psnr(output, given), abs=1e-9)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_true_picture_agrees_with_its_own_reduction(scale):
    given = imresize(CLEAN, Fraction(1, scale))
    found = lf_consistency(CLEAN, CLEAN, given)
    assert found.target == inf
    assert found.input > psnr(np.full_like(CLEAN, 128), CLEAN) + 10


def test_at_scale_4_the_input_is_compared_as_it_is():
    given = imresize(CLEAN, Fraction(1, 4))
    exact = imresize(CLEAN.astype(float), Fraction(1, 4))
    assert lf_consistency(CLEAN, CLEAN, given).input == pytest.approx(psnr(exact, given))


@pytest.mark.parametrize("shape", [(18, 24), (20, 24, 3), (6, 8, 3)])
def test_pictures_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="do not fit"):
        lf_consistency(CLEAN, CLEAN, np.zeros(shape))
