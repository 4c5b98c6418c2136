"""Devices and precisions: what is asked for or an error, never something else in silence."""

import pytest
import torch

from harmonic.errors import UsageError
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from harmonic.restore.device import free_memory, pick_device, pick_precision
from harmonic.restore.runtimes.choice import choose
from harmonic.restore.runtimes.runtime import torch_runtime

CPU = torch.device("cpu")


def test_auto_takes_a_gpu_where_there_is_one():
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cuda:99", "cpu:1", ""])
def test_unknown_and_missing_devices_are_refused(name):
    with pytest.raises(UsageError, match="--device"):
        pick_device(name)


def test_auto_precision_is_bf16_only_where_the_processor_computes_in_it(monkeypatch):
    for capabilities, expected in (({"avx512_bf16": True}, "bf16"), ({"avx512_f": True}, "fp32"), ({}, "fp32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found, raising=False)
        assert pick_precision("auto", CPU) == expected


@pytest.mark.parametrize("name", ["fp64", "half", "fp16"])
def test_precisions_that_cannot_be_had_are_refused(name):
    with pytest.raises(UsageError, match="--precision"):
        pick_precision(name, CPU)


def test_free_memory_is_known():
    assert 1 << 20 < free_memory(CPU) < 1 << 46


def test_what_is_not_asked_for_keeps_the_bounds_of_agreement(monkeypatch):
    """In bf16 an enlarger moves single samples by more than two levels."""
    monkeypatch.setattr("harmonic.restore.device.computes_bf16", lambda device: True)
    assert [choose("auto", "auto", CPU, scale).precision for scale in (1, 2, 4)] == ["bf16", "fp32", "fp32"]
    assert choose("auto", "bf16", CPU, 2).precision == "bf16"


def test_convolutions_on_cuda_have_all_bits_of_fp32(monkeypatch):
    monkeypatch.setattr("torch.backends.cudnn.allow_tf32", True)
    torch_runtime(Harmonic(tiny()), CPU, "fp32")
    assert torch.backends.cudnn.allow_tf32
    torch_runtime(Harmonic(tiny()), torch.device("cuda"), "fp32")
    assert not torch.backends.cudnn.allow_tf32
