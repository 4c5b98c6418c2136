"""All runtimes give the numbers of torch, whatever they run; what cannot be had is refused by name."""

import hashlib

import numpy as np
import pytest
import torch

from exporting import toy, toy_parts
from harmonic.errors import UsageError
from harmonic.ops.band import cell_mean
from harmonic.restore.restorer import Restorer
from harmonic.restore.runtimes import exported_cache
from harmonic.restore.runtimes import runtime as runtime_module
from harmonic.restore.runtimes.choice import choose
from harmonic.restore.runtimes.exported_cache import cached_file, cached_model
from harmonic.restore.runtimes.runtime import torch_runtime
from making import at, picture

CPU = torch.device("cpu")
onnxruntime = pytest.importorskip("onnxruntime")
openvino = pytest.importorskip("openvino")
pytest.importorskip("onnxscript")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    """A cache folder of its own that holds the file of the toy."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = cached_file(toy())
    path.parent.mkdir()
    path.write_bytes(toy_parts())
    path.with_suffix(".sha256").write_text(hashlib.sha256(toy_parts()).hexdigest())
    return path.parent


def runtimes(precision="fp32"):
    from harmonic.restore.runtimes.by_onnx import onnx_runtime
    from harmonic.restore.runtimes.by_openvino import openvino_runtime

    network = toy()
    measures = {"scale": network.scale, "cell": network.config.cell}
    yield openvino_runtime(toy_parts(), precision, 1, torch_runtime(network, CPU, precision), **measures)
    if precision == "fp32":
        yield onnx_runtime(toy_parts(), 1)


def test_exported_runtimes_have_the_parts_of_torch_at_any_size():
    network = toy()
    found = list(runtimes())
    for height, width, batch in ((1, 1, 1), (5, network.grid, 2), (network.grid + 3, 3 * network.grid - 1, 1)):
        x = picture(height, width, batch)
        expected = network.decompose(x)
        for run in found:
            parts = run(x, None, None)
            for name in ("base", "lf", "hf"):
                torch.testing.assert_close(getattr(parts, name), getattr(expected, name), atol=1e-5, rtol=0)
    assert expected.hf.abs().max() > 1e-3


def test_bf16_keeps_the_base_to_the_last_bit_and_moves_no_cell_means():
    x, network = picture(48, 64), toy()
    parts = next(runtimes("bf16"))(x, None, None)
    assert torch.equal(parts.base, x)
    assert cell_mean(parts.hf, network.config.cell).abs().max() <= 1e-6
    assert (parts.hf - network.decompose(x).hf).abs().max() <= 0.02


@pytest.mark.parametrize("precision, expected", [("fp32", 1), ("bf16", 0)])
def test_torch_runs_without_biases_in_fp32_alone(monkeypatch, precision, expected):
    """bf16 would round what stands for them (docs/decisions/0013)."""
    made = []
    own = runtime_module.without_biases
    monkeypatch.setattr(runtime_module, "without_biases", lambda network: made.append(own(network)) or made[-1])
    restorer = Restorer(toy(), device="cpu", precision=precision, fallback=False)
    assert len(made) == expected
    assert cached_file(restorer.network) == cached_file(toy()), "the network that is shown is that of the exported file"


def test_openvino_leaves_generated_texture_to_torch():
    from harmonic.restore.runtimes.by_openvino import openvino_runtime

    measures, made = {"scale": 1, "cell": toy().config.cell}, toy().decompose(picture(9, 9))
    run = openvino_runtime(toy_parts(), "fp32", 1, lambda *_: made, **measures)
    assert run(picture(9, 9), None, at(3)) is made
    assert run(picture(9, 9), None, None) is not made


@pytest.mark.parametrize("runtime", ["openvino", "onnx"])
def test_a_restorer_gives_the_picture_of_torch_by_any_runtime(runtime):
    source = np.random.default_rng(0).random((70, 50, 3), np.float32)
    ours, other = (
        Restorer(toy(), device="cpu", precision="fp32", runtime=name, tile=32).restore(source)
        for name in ("torch", runtime)
    )
    assert np.abs(ours - other).max() <= 1e-5 and np.abs(ours - source).max() > 1e-3


def test_the_file_is_found_again_and_is_of_these_weights_alone(cache_folder):
    assert cached_model(toy()) == (toy_parts(), "")
    other = type(toy())(toy().config)
    assert cached_file(other) != cached_file(toy()) and cached_file(toy()).parent == cache_folder


def test_a_file_of_an_older_form_of_graph_is_not_taken(monkeypatch):
    before = cached_file(toy())
    monkeypatch.setattr("harmonic.restore.runtimes.exported_cache.REVISION", 0)
    assert cached_file(toy()) != before


def test_a_damaged_file_is_made_anew_and_kept(monkeypatch):
    path = cached_file(toy())
    path.write_bytes(toy_parts()[:-1])
    monkeypatch.setattr(exported_cache, "onnx_model", lambda *_, **__: b"model")
    assert cached_model(toy()) == (b"model", "") and path.read_bytes() == b"model"
    monkeypatch.setattr(exported_cache, "onnx_model", lambda *_, **__: b"another")
    assert cached_model(toy()) == (b"model", "")


def test_a_cache_that_cannot_be_written_is_said_and_done_without(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(exported_cache, "onnx_model", lambda *_, **__: b"model")
    model, note = cached_model(toy())
    assert model == b"model" and "made anew each time" in note


@pytest.mark.parametrize(
    "runtime, precision, part",
    [
        ("tensorrt", "auto", "--runtime tensorrt: is not known; use one of auto, torch, openvino, onnx"),
        ("onnx", "bf16", "--precision bf16: onnx has fp32 only"),
        ("openvino", "fp16", "--precision fp16: needs a GPU"),
    ],
)
def test_what_cannot_be_had_is_refused(runtime, precision, part):
    with pytest.raises(UsageError, match=part):
        choose(runtime, precision, CPU)


def test_a_missing_package_is_named_with_the_extra(monkeypatch):
    monkeypatch.setattr("harmonic.restore.runtimes.choice.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs openvino; pip install 'harmonic-ir\[export\]'"):
        choose("openvino", "auto", CPU)
    assert choose("auto", "fp32", CPU).runtime == "torch"
    with pytest.raises(UsageError, match="runs on the CPU"):
        choose("onnx", "fp32", torch.device("cuda"))
