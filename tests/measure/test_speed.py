import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from harmonic.errors import ResourceError
from harmonic.measure import costs
from harmonic.measure.costs import call_of
from harmonic.measure.peak_memory import measured
from harmonic.measure.speed import growth_exponent, latencies, warm
from harmonic.measure.speed_report import speed_report, speed_tables, tiling
from harmonic.network.cost import network_cost
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS, tiny
from making import narrow


def test_no_call_may_have_the_name_of_the_reference():
    with pytest.raises(ValueError, match="reference"):
        latencies(lambda: None, {"reference": lambda: None})


def test_a_call_of_twice_the_time_has_ratio_two():
    found = latencies(lambda: time.sleep(0.01), {"double": lambda: time.sleep(0.02)}, rounds=5, warmup=1)
    assert found["reference"].ratio == 1
    assert found["double"].ratio == pytest.approx(2, rel=0.3)
    assert found["double"].milliseconds >= 20
    assert found["double"].low <= found["double"].milliseconds <= found["double"].high


@pytest.mark.parametrize(
    "times, calls", [([5.0] * 12, 3), ([9.0, 5.0, 5.0, 5.0, 5.0], 4), ([2.0**i for i in range(12)], 12)]
)
def test_warming_up_ends_when_times_stand_still_and_ends_in_any_case(monkeypatch, times, calls):
    clock = iter([tick for i, taken in enumerate(times) for tick in (100.0 * i, 100.0 * i + taken)])
    monkeypatch.setattr("harmonic.measure.speed.time.perf_counter", lambda: next(clock))
    assert warm(lambda: None, 3) == calls


@pytest.mark.long
@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_runtimes_stand_beside_torch_in_the_precisions_that_they_have(runtime):
    pytest.importorskip("onnxruntime" if runtime == "onnx" else runtime)
    network = Harmonic(tiny()).eval()
    content = speed_report({"tiny": network}, torch.device("cpu"), sizes=lambda _: [(32, 32)], growth=(32, 64),
                           rounds=1, threads=1, runtimes=(runtime,))  # fmt: skip
    timed = [row["precision"] for row in content["latency"] if row["network"] == f"tiny, {runtime}"]
    assert timed == (["fp32"] if runtime == "onnx" else ["fp32", "bf16"])


@pytest.mark.parametrize("power", [1.0, 1.3, 2.0])
def test_growth_is_the_power_of_the_pixels(power):
    sides = (128, 256, 512, 1024)
    assert growth_exponent([s**2 for s in sides], [3e-7 * s ** (2 * power) for s in sides]) == pytest.approx(power)


def test_both_forms_stand_side_by_side_and_costs_are_those_of_both_forms():
    network = Harmonic(tiny()).eval()
    content = speed_report(
        {"tiny": network}, torch.device("cpu"), sizes=lambda _: [(32, 32)], growth=(32, 64), rounds=1, threads=1
    )
    assert [row["network"] for row in content["latency"]] == ["tiny", "tiny, unfused", "NAFNet-w32"] * 2
    assert all(row["ms"] > 0 and row["ratio"] > 0 for row in content["latency"])
    (cost,) = content["costs"]
    assert cost["parameters"] > cost["fused_parameters"] > 0
    counted = network_cost(network)[0]  # without a pass, per input megapixel, which is the same at scale 1
    assert cost["gmac"] == pytest.approx(counted.macs / 1000, rel=0.02)
    assert cost["fused_gmac"] == pytest.approx(counted.fused_macs / 1000, rel=0.02)
    assert len(speed_tables(content)) == 4


def test_tiles_are_timed_beside_the_whole_picture(monkeypatch):
    """In turn, so that a busy moment hits both; here each pass takes as long as its tile says."""
    takes, order, now = {"off": 1.0, "auto": 2.0, "512": 3.0}, [], [0.0]

    class Slow:
        def __init__(self, model: str, device: str, precision: str, tile: str):
            self.tile = tile

        def restore(self, picture: np.ndarray) -> None:
            assert picture.shape == (6, 8, 3)
            order.append(self.tile)
            now[0] += takes[self.tile]

    monkeypatch.setattr("harmonic.measure.speed_report.Restorer", Slow)
    monkeypatch.setattr("harmonic.measure.speed.time.perf_counter", lambda: now[0])
    rows = tiling("any", "cpu", [(8, 6)], 1, lambda _: None, ["fp32"], rounds=3)
    assert [(row["tile"], row["width"], row["height"]) for row in rows] == [("auto", 8, 6), ("512", 8, 6)]
    assert [(row["ratio"], row["whole_ms"]) for row in rows] == [(2.0, 1000), (3.0, 1000)]
    assert order[-9:] == ["off", "auto", "512"] * 3


def test_enlargers_are_timed_at_sizes_of_their_own_and_beside_a_yardstick_that_is_named():
    networks = {"restores": Harmonic(tiny()).eval(), "enlarges": Harmonic(tiny(4)).eval()}
    content = speed_report(networks, torch.device("cpu"), sizes=lambda scale: [(32, 32)] if scale == 1 else [(20, 12)],
                           growth=(128, 256), rounds=1, threads=1, precisions=("fp32",))  # fmt: skip
    timed = {row["network"]: (row["width"], row["height"]) for row in content["latency"]}
    assert timed.pop("restores") == (32, 32) and timed.pop("enlarges") == (20, 12)
    assert timed.keys() >= {"SPAN-48" if find_spec("spandrel") else "NAFNet-w32"}
    assert all(row["seconds"].keys() == {"128", "256"} for row in content["growth"])


def test_a_picture_that_cannot_be_measured_is_said_with_its_size():
    worker = (sys.executable, "-c", "raise SystemExit('out of memory')")
    with pytest.raises(ResourceError, match=r"9x8, tile off: cannot be measured \(out of memory\)"):
        measured(worker, "none", 9, 8, "fp32", "off", "cpu", 1)


@pytest.mark.long
def test_peak_memory_of_a_process_of_its_own_grows_with_the_picture():
    worker = (sys.executable, "-m", "harmonic.cli.peak")
    small, large = (measured(worker, "restore-fast", side, side, "fp32", "off", "cpu", 1) for side in (128, 512))
    assert small["growth_mib"] < large["growth_mib"] < large["peak_mib"]


def test_networks_with_experts_are_timed_in_bf16_as_they_are_used():
    network = Harmonic(narrow(PRESETS["base"]())).eval().requires_grad_(False)
    x = torch.rand(1, 3, 128, 128)
    call_of(network, x, "bf16")()
    assert {p.dtype for p in network.parameters()} == {torch.float32}


@pytest.mark.parametrize("precision, expected", [("fp32", 1), ("bf16", 0)])
def test_what_is_timed_is_what_the_runtime_runs(monkeypatch, precision, expected):
    made, own = [], costs.without_biases
    monkeypatch.setattr(costs, "without_biases", lambda network: made.append(own(network)) or made[-1])
    call_of(fuse(Harmonic(tiny())).eval(), torch.rand(1, 3, 32, 32), precision)()
    assert len(made) == expected
