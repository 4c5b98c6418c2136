"""A network as an ONNX model that explains itself and takes pictures of any size.

The exporter sees sides that are multiples of the grid; what pads a picture to them and cuts the result back is added
around its graph here, node by node, because symbolic padding is beyond it.
"""

import warnings
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from harmonic.errors import UsageError
from harmonic.network.export import PictureForm, dynamic_batch, dynamic_sides, exportable
from harmonic.network.harmonic import Harmonic

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

OPSET = 18
PARTS = ("base", "lf", "hf", "texture")
NAMES = {"x": "input", "tokens": "context", "seed": "seed", "origin": "origin"}
"""What the arguments of `TensorForm` are called in files."""

# One line per axis: mirrored with the edge repeated, periodically (`ops.pad.mirror_index`).
_PAD = """
pad (float[batch, 3, height, width] input) => (float[batch, 3, rows, columns] padded)
<int64[1] grid_1 = {{{grid}}}, int64[1] rest_1 = {{{rest}}}, int64[1] one_1 = {{1}}, int64[1] two_1 = {{2}},
 int64 zero = {{0}}, int64 one = {{1}}>
{{
    height_1 = Shape <start = 2, end = 3> (input)
    width_1 = Shape <start = 3, end = 4> (input)
{rows}{columns}
}}"""
_LINE = """
    {side}_above = Add ({side}_1, rest_1)
    {side}_cells = Div ({side}_above, grid_1)
    {side}_full_1 = Mul ({side}_cells, grid_1)
    {side}_full = Squeeze ({side}_full_1)
    {side}_line = Range (zero, {side}_full, one)
    {side}_period = Mul ({side}_1, two_1)
    {side}_phase = Mod ({side}_line, {side}_period)
    {side}_last = Sub ({side}_period, one_1)
    {side}_back = Sub ({side}_last, {side}_phase)
    {side}_index = Min ({side}_phase, {side}_back)
    {target} = Gather <axis = {axis}> ({source}, {side}_index)"""
_CUT = """
cut (int64[1] height_1, int64[1] width_1, {inputs}) => ({outputs})
<int64[1] scale_1 = {{{scale}}}, int64[2] corner = {{0, 0}}, int64[2] axes = {{2, 3}}>
{{
    height_end = Mul (height_1, scale_1)
    width_end = Mul (width_1, scale_1)
    ends = Concat <axis = 0> (height_end, width_end)
{slices}
}}"""


def onnx_model(network: Harmonic, facts: dict[str, str], *, parts: bool = False, static: int | None = None) -> bytes:
    """`network`, in deploy form -> a serialised ONNX model, fp32, operator set 18.

    Plain: input (B, 3, H, W) about [0, 1] -> output (B, 3, sH, sW), not clamped, without context and without generated
    texture. parts: input [, context (B, T, C)] [, seed (B,), origin (B, 2), int64] -> base, lf, hf[, texture], where
    the network asks for them. static: H = W = static instead of any H, W >= 1. facts: what the file says about itself.
    Raises UsageError where a package is missing.
    """
    onnx = package("onnx")
    exportable(network)  # refuses what cannot be traced
    form = exportable(network) if parts else PictureForm(network).eval()
    examples = _examples(network, parts, static)
    outputs = PARTS[: 3 + ("seed" in examples)] if parts else ("output",)
    with warnings.catch_warnings(action="ignore"), torch.no_grad():  # of the exporter, about its own parts
        program = torch.export.export(
            form, (examples["x"],), _without_x(examples), dynamic_shapes=_dynamic(network, examples, static)
        )
        exported = torch.onnx.export(
            program,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=["padded" if static is None else "input", *(NAMES[name] for name in _without_x(examples))],
            output_names=[f"padded_{name}" if static is None else name for name in outputs],
            custom_translation_table={torch.ops.aten.remainder.Scalar: _remainder()},
        )
    assert exported is not None
    model = exported.model_proto
    if static is None:
        _take_any_size(model, network, outputs)
    model.producer_name, model.producer_version = "harmonic-ir", facts.get("version", "")
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _examples(network: Harmonic, parts: bool, static: int | None) -> dict[str, Tensor]:
    """Arguments to trace with, by their names in `TensorForm`."""
    height, width = (static, static) if static else (2 * network.grid, 3 * network.grid)
    found = {"x": torch.rand(1 if static else 2, 3, height, width)}
    if not parts:
        return found
    batch = len(found["x"])
    with torch.no_grad():
        context = network.look(found["x"])
    if context is not None:
        found["tokens"] = context.tokens
    if network.hf is not None and network.hf.texture is not None:
        found["seed"] = torch.zeros(batch, dtype=torch.int64)
        found["origin"] = torch.zeros(batch, 2, dtype=torch.int64)
    return found


def _without_x(examples: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in examples.items() if name != "x"}


def _dynamic(network: Harmonic, examples: dict[str, Tensor], static: int | None) -> Any:
    if static:
        return None
    batch = {0: dynamic_batch()}
    return {name: batch | dynamic_sides(network) if name == "x" else batch for name in examples}


def _remainder() -> Any:
    """`remainder` by a number that depends on the size, which the exporter knows for constants only."""
    op = package("onnxscript").opset18

    def remainder(x: Any, divisor: Any) -> Any:
        constant = isinstance(divisor, int | float)
        return op.Mod(x, op.CastLike(op.Constant(value_int=int(divisor)) if constant else divisor, x))

    return remainder


def _take_any_size(model: "ModelProto", network: Harmonic, outputs: tuple[str, ...]) -> None:
    """Put padding before the graph and a cut behind it, in place."""
    onnx = package("onnx")
    rows = _LINE.format(side="height", axis=2, source="input", target="taller")
    columns = _LINE.format(side="width", axis=3, source="taller", target="padded")
    pad = onnx.parser.parse_graph(_PAD.format(grid=network.grid, rest=network.grid - 1, rows=rows, columns=columns))
    cut = onnx.parser.parse_graph(
        _CUT.format(
            scale=network.scale,
            inputs=", ".join(f"float[batch, 3, rows, columns] padded_{name}" for name in outputs),
            outputs=", ".join(f"float[batch, 3, out_height, out_width] {name}" for name in outputs),
            slices="\n".join(f"    {name} = Slice (padded_{name}, corner, ends, axes)" for name in outputs),
        )
    )
    graph: GraphProto = model.graph
    _replace(graph.node, [*pad.node, *graph.node, *cut.node])
    _replace(graph.initializer, [*graph.initializer, *pad.initializer, *cut.initializer])
    _replace(graph.input, [*pad.input, *graph.input[1:]])
    _replace(graph.output, cut.output)
    for value in graph.input[1:]:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    del graph.value_info[:]  # told of the padded sizes by other names


def _replace(field: Any, values: Any) -> None:
    values = list(values)
    del field[:]
    field.extend(values)


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
                import openvino

                return openvino
    except ModuleNotFoundError as error:
        raise UsageError(f"package {error.name}: is needed to export; pip install 'harmonic-ir[export]'") from None
