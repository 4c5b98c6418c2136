"""Files for other programs: any size, self-describing, and never there when they are wrong."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from exporting import FACTS, toy, toy_hybrid, toy_parts, toy_plain
from harmonic.errors import PictureError, WeightsError
from harmonic.network.checkpoint import Card
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from harmonic.restore.restorer import Restorer
from harmonic.restore.runtimes import exported_file
from harmonic.restore.runtimes.exported_file import export_file
from making import picture, randomised

pytest.importorskip("onnxscript")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
openvino = pytest.importorskip("openvino")

CARD = Card(name="toy", task="test", config=toy().config, form="deploy")
PAGE = (Path(__file__).parents[2] / "docs" / "runtimes.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def made_before(monkeypatch):
    """Exporting takes seconds, so the files of the toy are made once."""
    monkeypatch.setattr(
        exported_file, "onnx_model", lambda *_, parts=False, **__: toy_parts() if parts else toy_plain()
    )


def test_a_plain_file_gives_the_picture_of_torch_for_batches_of_any_size(tmp_path):
    path = export_file(toy(), CARD, "digest", tmp_path / "toy.onnx", "onnx").path
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for height, width, batch in ((1, 1, 1), (33, 70, 3)):
        x = picture(height, width, batch)
        (found,) = session.run(["output"], {"input": x.numpy()})
        assert np.abs(found - toy()(x).numpy()).max() <= 1e-5


def test_a_file_says_what_it_is():
    model = onnx.load_from_string(toy_plain())
    assert {entry.key: entry.value for entry in model.metadata_props} == FACTS
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == ["input", "output"]
    assert [entry.version for entry in model.opset_import if not entry.domain] == [18]


def test_an_openvino_pair_says_it_too_and_gives_the_parts(tmp_path):
    done = export_file(toy(), CARD, "digest", tmp_path / "toy.xml", "openvino", parts=True)
    model = openvino.Core().read_model(done.path)
    told = {key: model.get_rt_info(["harmonic", key]).value for key in ("licence", "digest", "scale", "form")}
    assert told == {"licence": "Apache-2.0", "digest": "digest", "scale": "1", "form": "parts"}
    assert [one.any_name for one in model.outputs] == ["base", "lf", "hf"] and done.difference <= 1e-5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy.bin", "toy.xml"]


def test_a_file_that_differs_from_torch_is_not_written(tmp_path):
    other = type(toy())(toy().config).eval()
    (tmp_path / "toy.onnx").write_bytes(b"old")
    with pytest.raises(WeightsError, match=r"toy\.onnx: differs from torch by"):
        export_file(other, CARD, "digest", tmp_path / "toy.onnx", "onnx", overwrite=True)
    assert (tmp_path / "toy.onnx").read_bytes() == b"old"


def test_a_file_that_exists_is_replaced_on_request_only(tmp_path):
    (tmp_path / "toy.bin").write_bytes(b"old")
    with pytest.raises(PictureError, match=r"toy\.bin: exists already; use --overwrite"):
        export_file(toy(), CARD, "digest", tmp_path / "toy.xml", "openvino")
    export_file(toy(), CARD, "digest", tmp_path / "toy.xml", "openvino", overwrite=True)
    assert (tmp_path / "toy.bin").read_bytes() != b"old"


@pytest.mark.parametrize(
    "example", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL), ids=["onnxruntime", "openvino"]
)
def test_the_examples_of_the_page_restore_a_picture_without_us(tmp_path, monkeypatch, example):
    assert len(example.strip().splitlines()) <= 11 and "harmonic" not in example
    monkeypatch.chdir(tmp_path)
    (tmp_path / "restore-fast.onnx").write_bytes(toy_plain())
    Image.fromarray((picture(40, 50).clamp(0, 1)[0].permute(1, 2, 0) * 255).byte().numpy()).save("photo.jpg")
    exec(compile(example, "docs/runtimes.md", "exec"), {})
    ours = Restorer(toy(), device="cpu", precision="fp32").restore("photo.jpg")
    gap = np.asarray(Image.open("restored.png")).astype(int) - np.asarray(ours)
    assert np.abs(gap).max() <= 1


@pytest.mark.parametrize("format, parts", [("onnx", False), ("openvino", True)])
def test_the_frame_around_a_picture_that_is_enlarged_is_in_the_file(tmp_path, monkeypatch, format, parts):
    monkeypatch.undo()
    network = randomised(Harmonic(tiny(2))).eval()
    assert network.config.mirror == 2
    card = CARD.model_copy(update={"config": network.config})
    name = "toy.onnx" if format == "onnx" else "toy.xml"
    done = export_file(fuse(network), card, "", tmp_path / name, format, parts=parts)
    assert done.difference <= 1e-5


@pytest.mark.long
@pytest.mark.parametrize(
    "format, name, parts", [("onnx", "toy.onnx", False), ("onnx", "toy.onnx", True), ("openvino", "toy.xml", False)]
)
def test_context_experts_and_texture_are_exported_too(tmp_path, monkeypatch, format, name, parts):
    monkeypatch.undo()
    network = toy_hybrid()
    card = CARD.model_copy(update={"config": network.config})
    assert export_file(network, card, "", tmp_path / name, format, parts=parts).difference <= 1e-4


@pytest.mark.long
def test_openvino_parts_that_would_generate_another_texture_are_not_written(tmp_path, monkeypatch):
    """When this fails, OpenVINO has learnt the hash of `ops.noise`, and its runtime need not leave texture to torch."""
    monkeypatch.undo()
    network = toy_hybrid()
    card = CARD.model_copy(update={"config": network.config})
    with pytest.raises(WeightsError, match="differs from torch by"):
        export_file(network, card, "", tmp_path / "toy.xml", "openvino", parts=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_restore_fast_is_exported_with_the_numbers_of_torch(tmp_path, monkeypatch):
    monkeypatch.undo()
    from harmonic.assets import weights_path
    from harmonic.network.checkpoint import load_network
    from harmonic.network.deploy import fuse

    network, card = load_network(weights_path("restore-fast"))
    done = export_file(fuse(network), card, "digest", tmp_path / "fast.onnx", "onnx")
    assert done.difference <= 1e-5 and torch.isfinite(torch.tensor(done.difference))
