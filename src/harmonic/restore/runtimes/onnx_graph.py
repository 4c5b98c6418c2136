"""A network as an ONNX model that explains itself and takes pictures of any size.

The exporter sees what `Harmonic.frame` makes of a picture; what makes it, cuts the results back and adds them up is put
around its graph here, node by node, because symbolic padding is beyond it.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from harmonic.errors import UsageError
from harmonic.network.export import dynamic_batch, dynamic_sides, exportable
from harmonic.network.harmonic import Harmonic
from harmonic.nn.cells import CELL
from harmonic.restore.runtimes.quiet_openvino import import_openvino

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 18
REVISION = 3
"""Of what graphs compute; another one makes kept files anew."""
PARTS = ("base", "lf", "hf", "texture")
NAMES = {"x": "input", "tokens": "context", "seed": "seed", "origin": "origin"}
"""What the arguments of `TensorForm` are called in files."""

_PAD = """
pad (float[{batch}, 3, {height}, {width}] input) => (float[batch, 3, rows, columns] core_input)
<int64[1] multiple_1 = {{{multiple}}}, int64[1] rest_1 = {{{rest}}}, int64[1] least_1 = {{{least}}},
 int64[1] one_1 = {{1}}, int64[1] two_1 = {{2}}, int64 first = {{{first}}}, int64 one = {{1}}>
{{
    height_1 = Shape <start = 2, end = 3> (input)
    width_1 = Shape <start = 3, end = 4> (input)
{lines}
}}"""
# One axis, mirrored with the edge repeated, periodically (`ops.pad.mirror_index`).
_LINE = """
    {side}_around = Add ({side}_1, rest_1)
    {side}_above = Max ({side}_around, least_1)
    {side}_count = Div ({side}_above, multiple_1)
    {side}_full_1 = Mul ({side}_count, multiple_1)
    {side}_full = Squeeze ({side}_full_1)
    {side}_stop = Add ({side}_full, first)
    {side}_line = Range (first, {side}_stop, one)
    {side}_period = Mul ({side}_1, two_1)
    {side}_phase = Mod ({side}_line, {side}_period)
    {side}_last = Sub ({side}_period, one_1)
    {side}_back = Sub ({side}_last, {side}_phase)
    {side}_index = Min ({side}_phase, {side}_back)
    {target} = Gather <axis = {axis}> ({source}, {side}_index)"""
_CUT = """
cut (int64[1] height_1, int64[1] width_1, {inputs}) => ({outputs})
<int64[1] scale_1 = {{{scale}}}, int64[2] corner = {{{start}, {start}}}, int64[2] axes = {{2, 3}}>
{{
    height_end = Mul (height_1, scale_1)
    width_end = Mul (width_1, scale_1)
    size = Concat <axis = 0> (height_end, width_end)
    ends = Add (size, corner)
{slices}
{sum}
}}"""
_SUM = """
    moved = Add (base, lf)
    output = Add (moved, hf)"""


def onnx_model(network: Harmonic, facts: dict[str, str], *, parts: bool = False, static: int | None = None) -> bytes:
    """`network`, in deploy form -> a serialised ONNX model, fp32, operator set 18.

    Plain: input (B, 3, H, W) about [0, 1] -> output (B, 3, sH, sW), not clamped, without context and without generated
    texture. parts: input [, context (B, T, C)] [, seed (B,), origin (B, 2), int64] -> base, lf, hf[, texture], where
    the network asks for them. static: H = W = static instead of any H, W >= 1, and a batch of one. facts: what the file
    says about itself. Raises UsageError where a package is missing.
    """
    return complete(trace(network, parts=parts, static=static), network, facts, parts=parts, static=static)


def trace(network: Harmonic, *, parts: bool, static: int | None = None) -> "ModelProto":
    """The graph of `TensorForm` on what `Harmonic.frame` gives."""
    package("onnx")
    examples = _examples(network, parts, static)
    dynamic = {} if static else {"dynamic_shapes": _dynamic(network, examples)}
    others = {name: value for name, value in examples.items() if name != "x"}
    outputs = PARTS if "seed" in examples else PARTS[:3]
    with _quietly(), torch.no_grad():
        program = torch.export.export(exportable(network), (examples["x"],), others, **dynamic)
        exported = torch.onnx.export(
            program,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=["core_input", *(NAMES[name] for name in others)],
            output_names=[f"core_{name}" for name in outputs],
            custom_translation_table={torch.ops.aten.remainder.Scalar: _remainder()},
        )
    assert exported is not None
    return exported.model_proto


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporter says of its own parts, and of torchvision, which nothing here needs."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.setLevel(before)


def complete(
    core: "ModelProto", network: Harmonic, facts: dict[str, str], *, parts: bool, static: int | None = None
) -> bytes:
    """Put padding before the graph of `trace`, a cut behind it, and the facts into it."""
    onnx = package("onnx")
    graph = core.graph
    names = [value.name.removeprefix("core_") for value in graph.output]
    batch, height, width = (1, static, static) if static else ("batch", "height", "width")
    lines = _LINE.format(side="height", axis=2, source="input", target="taller")
    lines += _LINE.format(side="width", axis=3, source="taller", target="core_input")
    mirror, multiple = network.config.mirror, network.multiple
    sizes = {"batch": batch, "height": height, "width": width, "multiple": multiple, "first": -mirror}
    sizes |= {"rest": 2 * mirror + multiple - 1, "least": CELL + multiple - 1}
    pad = onnx.parser.parse_graph(_PAD.format(**sizes, lines=lines))
    side = static * network.scale if static else None
    shape = f"float[{batch}, 3, {side or 'out_height'}, {side or 'out_width'}]"
    cut = onnx.parser.parse_graph(
        _CUT.format(
            scale=network.scale,
            start=network.scale * mirror,
            inputs=", ".join(f"float[batch, 3, rows, columns] core_{name}" for name in names),
            outputs=", ".join(f"{shape} {name}" for name in (names if parts else ["output"])),
            slices="\n".join(f"    {name} = Slice (core_{name}, corner, ends, axes)" for name in names),
            sum="" if parts else _SUM,
        )
    )
    inputs = [*pad.input, *graph.input[1:]]
    for value in inputs[1:]:
        value.type.tensor_type.shape.dim[0].Clear()
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    weights = [*graph.initializer, *pad.initializer, *cut.initializer]
    whole = onnx.helper.make_graph([*pad.node, *graph.node, *cut.node], "harmonic", inputs, cut.output, weights)
    model = onnx.helper.make_model(
        whole,
        ir_version=core.ir_version,
        opset_imports=core.opset_import,
        producer_name="harmonic-ir",
        producer_version=facts.get("version", ""),
    )
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _examples(network: Harmonic, parts: bool, static: int | None) -> dict[str, Tensor]:
    """Arguments to trace with, by their names in `TensorForm`."""
    side, grid = static or 1, network.grid
    found = {"x": network.frame(torch.rand(1, 3, side, side)) if static else torch.rand(2, 3, 2 * grid, 3 * grid)}
    if not parts:
        return found
    batch = len(found["x"])
    with torch.no_grad():
        context = network.look(found["x"])
    if context is not None:
        found["tokens"] = context.tokens
    if network.config.generates:
        found["seed"] = torch.zeros(batch, dtype=torch.int64)
        found["origin"] = torch.zeros(batch, 2, dtype=torch.int64)
    return found


def _dynamic(network: Harmonic, examples: dict[str, Tensor]) -> Any:
    batch = {0: dynamic_batch()}
    return {name: batch | dynamic_sides(network) if name == "x" else batch for name in examples}


def _remainder() -> Any:
    """`remainder` by a number that depends on the size, which the exporter knows for constants only."""
    op = package("onnxscript").opset18

    def remainder(x: Any, divisor: Any) -> Any:
        constant = isinstance(divisor, int | float)
        return op.Mod(x, op.CastLike(op.Constant(value_int=int(divisor)) if constant else divisor, x))

    return remainder


def package(name: Literal["onnx", "onnxscript", "onnxruntime", "openvino"]) -> Any:
    """An optional package. Raises UsageError that says how to get it."""
    try:
        match name:
            case "onnx":
                import onnx.checker
                import onnx.helper
                import onnx.parser

                return onnx
            case "onnxscript":
                import onnxscript

                return onnxscript
            case "onnxruntime":
                import onnxruntime

                return onnxruntime
            case "openvino":
                return import_openvino()
    except ModuleNotFoundError as error:
        raise UsageError(f"package {error.name}: is needed to export; pip install 'harmonic-ir[export]'") from None
