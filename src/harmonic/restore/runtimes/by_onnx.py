"""ONNX Runtime as a runtime: the exported file of parts, in fp32 on the CPU."""

from typing import Any

import torch
from torch import Tensor

from harmonic.nn.guide import Context
from harmonic.nn.parts import Parts
from harmonic.ops.noise import Noise
from harmonic.restore.runtimes.runtime import Runtime


def onnx_runtime(model: bytes, threads: int) -> Runtime:
    """model: bytes of the file of parts. threads: of one pass."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]

    def run(x: Tensor, context: Context | None, noise: Noise | None) -> Parts:
        given = inputs_of(names, x, context, noise)
        outputs = session.run(None, {name: value.numpy() for name, value in given.items()})
        return parts_of([torch.from_numpy(value) for value in outputs], noise)

    return run


def inputs_of(names: list[str], x: Tensor, context: Context | None, noise: Noise | None) -> dict[str, Tensor]:
    """The arguments that the file asks for, by name; without noise that of seed 0 stands in, and is not used."""
    batch = len(x)
    zeros: Any = torch.zeros
    known = {
        "input": x.float().contiguous(),
        "context": None if context is None else context.tokens.float().contiguous(),
        "seed": zeros(batch, dtype=torch.int64) if noise is None else noise.seed,
        "origin": zeros(batch, 2, dtype=torch.int64) if noise is None else noise.origin,
    }
    return {name: value for name in names if (value := known[name]) is not None}


def parts_of(outputs: list[Tensor], noise: Noise | None) -> Parts:
    """base, lf, hf[, texture] -> `Parts`; texture only where it was asked for, as the network does."""
    base, lf, hf, *texture = outputs
    return Parts(base, lf, hf, texture[0] if texture and noise is not None else None)
