"""OpenVINO as a runtime: the exported file of parts, in fp32 or bf16 on the CPU.

The precision is always asked for by name: left alone, OpenVINO takes bf16 where the processor has it. Under bf16 it
computes everything in it, so what the network keeps in fp32 is done again outside: `base`, which no weights touch, and
the projection of HF, so that rounding moves no cell means (L2).

Generated texture is left to torch: OpenVINO 2026.4 computes the noise's hash of 32-bit integers otherwise than torch
and ONNX Runtime do, so a seed would give another texture, which is sound in itself and no guard could notice.
"""

from typing import Any

import torch
from torch import Tensor

from harmonic.nn.guide import Context
from harmonic.nn.parts import Parts
from harmonic.ops.band import low_band
from harmonic.ops.noise import Noise
from harmonic.ops.pad import pad_to_multiple
from harmonic.restore.runtimes.by_onnx import inputs_of, parts_of
from harmonic.restore.runtimes.quiet_openvino import import_openvino
from harmonic.restore.runtimes.runtime import Runtime, base_of

_HINTS = {"fp32": "f32", "bf16": "bf16"}


def openvino_runtime(
    model: bytes, precision: str, threads: int, generating: Runtime, *, scale: int, cell: int
) -> Runtime:
    """model: bytes of the ONNX file of parts. precision: fp32 or bf16. generating: runs what asks for noise.

    scale, cell: those of the network.
    """
    openvino = import_openvino()
    core = openvino.Core()
    hints = {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = core.compile_model(core.read_model(model), "CPU", hints)
    names = [given.any_name for given in compiled.inputs]

    def run(x: Tensor, context: Context | None, noise: Noise | None) -> Parts:
        if noise is not None:
            return generating(x, context, noise)
        given = inputs_of(names, x, context, noise)
        # A request of its own for every call: calls from several threads must not share one.
        request: Any = compiled.create_infer_request()
        results = request.infer({name: value.numpy() for name, value in given.items()}, share_inputs=True)
        parts = parts_of([torch.from_numpy(results[output]) for output in compiled.outputs], None)
        if precision == "fp32":
            return parts
        return Parts(base_of(x, scale), parts.lf, _without_means(parts.hf, cell))

    return run


def _without_means(band: Tensor, cell: int) -> Tensor:
    """(I - P) of a band whose sides need not be multiples of the cell."""
    height, width = band.shape[-2:]
    padded = pad_to_multiple(band, cell)
    return (padded - low_band(padded, cell))[..., :height, :width]
