import numpy as np

from harmonic.ops.eight_bit import to_float, to_uint8, to_uint16


def test_every_level_survives_the_way_to_float_and_back():
    levels = np.arange(256, dtype=np.uint8)
    for dtype in (np.float32, np.float64):
        assert to_float(levels, dtype).dtype == dtype
        np.testing.assert_array_equal(to_uint8(to_float(levels, dtype)), levels)

    deep = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(to_uint16(to_float(deep)), deep)


def test_rounding_is_half_up_within_0_and_255():
    np.testing.assert_array_equal(to_uint8(np.array([-9, 0.49, 0.5, 1.5, 254.5, 999]) / 255), [0, 0, 1, 2, 255, 255])
    np.testing.assert_array_equal(to_uint16(np.array([-9, 0.49, 0.5, 65_534.5, 9e9]) / 65535), [0, 0, 1, 65535, 65535])


def test_what_is_not_a_number_becomes_black():
    np.testing.assert_array_equal(to_uint8(np.array([np.nan, np.inf, -np.inf])), [0, 255, 0])
