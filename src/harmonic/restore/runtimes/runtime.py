"""What runs a network: a function from a picture, its context and its noise to `Parts`. torch is one of them.

Others (`by_onnx.py`, `by_openvino.py`) run the exported file of parts. The engine does not know which it has.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from harmonic.network.deploy import without_biases
from harmonic.network.harmonic import Harmonic
from harmonic.nn.guide import Context
from harmonic.nn.parts import Parts
from harmonic.ops.enlarge import enlarge_bicubic
from harmonic.ops.noise import Noise
from harmonic.restore.device import PRECISIONS

Runtime = Callable[[Tensor, Context | None, Noise | None], Parts]
"""x (B, 3, H, W) about [0, 1], context of the whole picture, noise -> parts (B, 3, sH, sW), fp32."""

RUNTIMES = ("auto", "torch", "openvino", "onnx")


def torch_runtime(network: Harmonic, device: torch.device, precision: str) -> Runtime:
    """network: on `device`. precision: fp32, deployed on a CPU by a faster copy, or bf16 or fp16 by autocast.

    On CUDA it switches TF32 off for the whole process: convolutions of 11 bits are not fp32, and move the cell means
    that texture must leave alone.
    """
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    elif device.type == "cpu" and precision == "fp32" and network.form == "deploy":
        network = without_biases(network)

    def run(x: Tensor, context: Context | None, noise: Noise | None) -> Parts:
        with torch.autocast(device.type, PRECISIONS[precision], enabled=precision != "fp32"):
            return network.decompose(x, context, noise)

    return run


def base_of(x: Tensor, scale: int) -> Tensor:
    """The part that no weights touch, as `Harmonic.decompose` makes it. (B, 3, H, W) -> (B, 3, sH, sW), fp32"""
    return enlarge_bicubic(x.float(), scale)
