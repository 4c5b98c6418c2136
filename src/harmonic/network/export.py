"""The network as a plain function of tensors, the form that graph exporters and compilers take."""

from torch import Tensor, nn
from torch.export import Dim

from harmonic.network.harmonic import Harmonic
from harmonic.nn.cells import CELL
from harmonic.nn.guide import Context
from harmonic.ops.noise import Noise


class TensorForm(nn.Module):
    """x (B, 3, H, W), tokens (B, T, C) or None, seed (B,) and origin (B, 2) or None -> base, lf, hf[, texture].

    x: what `Harmonic.frame` gives, and results have the frame around them. tokens: those of `Context`. seed and origin:
    those of `Noise`; with them texture is generated, if the network can.
    """

    def __init__(self, network: Harmonic):
        super().__init__()
        self.network = network

    def forward(
        self, x: Tensor, tokens: Tensor | None = None, seed: Tensor | None = None, origin: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        context = None if tokens is None else Context(tokens)
        noise = None if seed is None or origin is None else Noise(seed, origin)
        parts = self.network.decompose_framed(x, context, noise)
        result = parts.base, parts.lf, parts.hf
        return result if parts.texture is None else (*result, parts.texture)


def exportable(network: Harmonic) -> TensorForm:
    """`network` as a function of tensors, for `torch.export` and `torch.compile`; weights are shared, not copied."""
    return TensorForm(network).eval()


def dynamic_sides(network: Harmonic, longest: int = 8192) -> dict[int, Dim]:
    """Dynamic shapes of x for `torch.export`: height and width, multiples of what `Harmonic.frame` pads to.

    More than one cell of channel attention, and more than one multiple, because sides of 1 are another graph to the
    exporter. torch's own graph takes widths that end a cell if its example did, and others if it did not: it compares
    strides. What ONNX makes of it takes both.
    """
    step = network.multiple
    least, most = max(CELL // step + 1, 2), longest // step
    return {axis: step * Dim(name, min=least, max=most) for axis, name in ((2, "rows"), (3, "columns"))}


def dynamic_batch(most: int = 64) -> Dim:
    """Dynamic shape of the first axis for `torch.export`; graphs made with it take a batch of one as well."""
    return Dim("batch", min=2, max=most)
