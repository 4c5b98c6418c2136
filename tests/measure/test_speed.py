import time

import pytest

from harmonic.measure.speed import latencies


def test_a_call_of_twice_the_time_has_ratio_two():
    found = latencies(lambda: time.sleep(0.01), {"double": lambda: time.sleep(0.02)}, rounds=5, warmup=1)
    assert found["reference"].ratio == 1
    assert found["double"].ratio == pytest.approx(2, rel=0.3)
    assert found["double"].milliseconds >= 20
