"""Files of a network for other programs: ONNX, or OpenVINO's pair of .xml and .bin, compared with torch before they
get their names."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from harmonic.errors import WeightsError
from harmonic.images.atomic import atomic_write
from harmonic.images.write import refuse_existing
from harmonic.network.checkpoint import Card
from harmonic.network.harmonic import Harmonic
from harmonic.nn.guide import Context
from harmonic.ops.noise import Noise
from harmonic.restore.runtimes.onnx_graph import onnx_model, package
from harmonic.version import package_version

Format = Literal["onnx", "openvino"]
SUFFIXES: dict[str, str] = {"onnx": ".onnx", "openvino": ".xml"}
BOUND = 1e-4
"""Largest difference from torch that a file may have, in units of the picture (docs/runtimes.md)."""


@dataclass(frozen=True)
class Exported:
    """path: of the file, the .xml of a pair. difference: the largest from torch in fp32. sizes: that were compared,
    (height, width)."""

    path: Path
    difference: float
    sizes: tuple[tuple[int, int], ...]


def export_file(
    network: Harmonic,
    card: Card,
    digest: str,
    target: Path,
    format: Format,
    *,
    parts: bool = False,
    static: int | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write `network`, in deploy form, as one file, plain or parts (`onnx_model`).

    digest: SHA-256 of the weights file. The file is compared with torch at three sizes that it was not traced with
    (of pictures of the one size that a static file takes). Raises PictureError where the target exists and may not be
    replaced, UsageError where a package is missing, WeightsError where the file does not give torch's numbers.
    """
    for path in _paths(target, format):
        refuse_existing(path, overwrite)
    runner = package("openvino" if format == "openvino" else "onnxruntime")
    facts = facts_of(network, card, digest, parts=parts, static=static)
    model = onnx_model(network, facts, parts=parts, static=static)
    if format == "onnx":
        session = runner.InferenceSession(model, providers=["CPUExecutionProvider"])
        contents = {target: model}
    else:
        core = runner.Core()
        converted = core.read_model(model)
        for name, value in facts.items():
            converted.set_rt_info(value, ["harmonic", name])
        session = core.compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        contents = _serialised(runner, converted, target)
    sizes = _sizes(network.grid, static)
    difference = max(_difference(network, session, format, parts, *size) for size in sizes)
    if not difference <= BOUND:
        raise WeightsError(
            f"{target}: differs from torch by {difference:.1e}, more than {BOUND:.0e}; it is not written"
        )
    if format == "openvino":  # the .xml is what programs open: gone first and back last, it never names another's .bin
        target.unlink(missing_ok=True)
    for path, data in contents.items():
        atomic_write(path, data)
    return Exported(target, difference, sizes)


def facts_of(network: Harmonic, card: Card, digest: str, *, parts: bool, static: int | None) -> dict[str, str]:
    """What a file says about itself; text, since that is what both formats hold."""
    return {
        "name": card.name,
        "task": card.task,
        "licence": card.licence,
        "data": card.data,
        "scale": str(network.scale),
        "grid": str(network.grid),
        "reach": str(network.reach),
        "range": "[0, 1]",
        "colour": "RGB",
        "form": "parts" if parts else "plain",
        "side": str(static or "any"),
        "digest": digest,
        "version": package_version(),
        "config": network.config.model_dump_json(),
    }


def _paths(target: Path, format: Format) -> tuple[Path, ...]:
    return (target,) if format == "onnx" else (target.with_suffix(".bin"), target)


def _serialised(openvino: Any, model: Any, target: Path) -> dict[Path, bytes]:
    """The bytes of the pair, in the order of writing. OpenVINO itself knows files only."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "model.xml"
        openvino.save_model(model, str(made), compress_to_fp16=False)
        return {path: made.with_suffix(path.suffix).read_bytes() for path in _paths(target, "openvino")}


def _sizes(grid: int, static: int | None) -> tuple[tuple[int, int], ...]:
    """Less than a cell of the grid, odd, and a multiple of it; none of them traced."""
    if static:
        return ((static, static),) * 3
    return (grid // 2 + 1, grid), (grid + 5, 2 * grid - 3), (3 * grid, grid)


@torch.inference_mode()
def _difference(network: Harmonic, session: Any, format: Format, parts: bool, height: int, width: int) -> float:
    """The largest, of any output, on a random picture; of parts with context and noise."""
    x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(height))
    if not parts:
        given, expected = {"input": x}, [network(x)]
    else:
        context, noise = network.look(x), Noise(torch.tensor([7 + (5 << 33)]), torch.tensor([[height, 1 << 20]]))
        found = network.decompose(x, context, noise)
        expected = [part for part in (found.base, found.lf, found.hf, found.texture) if part is not None]
        given = _named(x, context, noise if found.texture is not None else None)
    arrays = {name: value.numpy() for name, value in given.items()}
    outputs = session.run(None, arrays) if format == "onnx" else list(session(arrays).values())
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(outputs, expected, strict=True))


def _named(x: torch.Tensor, context: Context | None, noise: Noise | None) -> dict[str, torch.Tensor]:
    """By the names of the file of parts."""
    named = {"input": x}
    if context is not None:
        named["context"] = context.tokens
    if noise is not None:
        named |= {"seed": noise.seed, "origin": noise.origin}
    return named
