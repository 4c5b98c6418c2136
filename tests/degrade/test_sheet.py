"""The contact sheet shows what was done."""

import numpy as np
import pytest

from harmonic.degrade.kinds import Bicubic, Blur, Jpeg, Noise, Resize, Round
from harmonic.degrade.sheet import PANE, contact_sheet, described, pair


@pytest.mark.parametrize(
    "chain, text",
    [
        ((), "clean"),
        ((Blur(sigma=1.23456), Round()), "blur 1.23 > round"),
        ((Noise(sigma=25, clip=True), Jpeg(quality=30)), "noise 25 clip > jpeg 30"),
        ((Resize(factor=0.5, kernel="area"), Bicubic(scale=2)), "resize 0.5 kernel area > bicubic 2"),
    ],
)
def test_a_chain_in_words(chain, text):
    assert described(chain) == text


def test_panes_show_the_same_middle_of_both_pictures():
    clean = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)
    shown = pair(clean, clean[::2, ::2], "name", ())
    np.testing.assert_array_equal(shown.clean, clean[72 : 72 + PANE, 22 : 22 + PANE])
    np.testing.assert_array_equal(shown.degraded[::2, ::2], shown.clean[::2, ::2])
    np.testing.assert_array_equal(shown.degraded[1::2, 1::2], shown.degraded[::2, ::2])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_pair_is_on_the_sheet(count):
    flat = np.ones((9, 7, 1), np.uint8)
    pairs = [pair((10 * n + 1) * flat, (10 * n + 2) * flat, "x" * 999, ()) for n in range(count)]
    sheet = contact_sheet(pairs)
    assert sheet.ndim == 3 and sheet.dtype == np.uint8
    for n in range(count):
        for value in (10 * n + 1, 10 * n + 2):
            assert (sheet == value).all(2).sum() >= 63


def test_a_long_chain_and_an_odd_name_fit():
    chain = (Jpeg(quality=30, subsampling="4:4:4"),) * 40
    picture = np.zeros((300, 300, 3), np.uint8)
    assert contact_sheet([pair(picture, picture, "写真 \udcff.png", chain)]).shape[1] < 3 * PANE


def test_an_empty_sheet_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])
