"""harmonic export: the file, its parts, and one line for every trouble."""

import logging

import pytest

from exporting import toy_parts, toy_plain, unfused_toy
from harmonic.images.atomic import atomic_write
from harmonic.network.checkpoint import Card, dump_network
from harmonic.restore.runtimes import exported_file
from harmonic.restore.runtimes.onnx_graph import _quietly

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")


@pytest.fixture
def toy_weights(tmp_path, monkeypatch):
    """Weights of the toy before it was fused, and its files made once."""
    monkeypatch.setattr(
        exported_file, "onnx_model", lambda *_, parts=False, **__: toy_parts() if parts else toy_plain()
    )
    network = unfused_toy()
    path = tmp_path / "toy.safetensors"
    atomic_write(path, dump_network(network, Card(name="toy", task="test", config=network.config)))
    return path


def test_both_files_are_written_and_their_difference_from_torch_is_told(harmonic, toy_weights, tmp_path):
    answer = harmonic("export", toy_weights, "--parts", "-o", tmp_path / "out")
    names = [tmp_path / "out" / name for name in ("toy.onnx", "toy-parts.onnx")]
    assert answer.code == 0 and answer.out.splitlines() == [str(name) for name in names]
    assert all(name.exists() for name in names) and answer.err.count("differs from torch by at most") == 2


def test_what_the_exporter_says_of_itself_is_not_passed_on(caplog):
    speaker = logging.getLogger("torch.onnx._internal.exporter._registration")
    with _quietly():
        speaker.warning("torchvision is not installed. Skipping torchvision::nms")
    assert not caplog.records
    speaker.warning("after it, everything is as it was")
    assert len(caplog.records) == 1


def test_an_existing_file_is_an_error(harmonic, toy_weights, tmp_path):
    (tmp_path / "toy.onnx").write_bytes(b"old")
    answer = harmonic("export", toy_weights, "-o", tmp_path)
    assert answer.code == 1 and "toy.onnx: exists already; use --overwrite" in answer.err


def test_an_unknown_format_is_wrong_usage(harmonic, toy_weights):
    assert harmonic("export", toy_weights, "--to", "ncnn").code == 2
