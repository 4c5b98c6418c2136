"""What a block can be: one frozen value per kind, told apart by `kind` in files and by `match` in `blocks.py`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Spec(BaseModel):
    """A frozen value; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Gate = Literal["before", "after"]
Side = Annotated[int, Field(ge=8, le=16, description="side of a window in positions (seed §11)")]


class ConvSpec(Spec):
    """`ConvMixer`: the convolutional twin of window attention."""

    kind: Literal["conv"] = "conv"


class WindowSpec(Spec):
    """`WindowAttention`; every dilation-th position takes part. gate: where a `ConvGate` stands."""

    kind: Literal["window"] = "window"
    window: Side = 8
    shifted: bool = False
    dilation: int = Field(default=1, ge=1, le=4)
    gate: Gate | None = None


class OverlapSpec(Spec):
    """`OverlapAttention`: keys from a window that is larger by `overlap` positions on each side."""

    kind: Literal["overlap"] = "overlap"
    window: Side = 8
    overlap: int = Field(default=4, ge=1, le=8)
    gate: Gate | None = None


class RectangleSpec(Spec):
    """`RectangleAttention`: half of the heads in windows of rows x columns, half in the turned ones."""

    kind: Literal["rectangle"] = "rectangle"
    window: tuple[Annotated[int, Field(ge=4, le=16)], Annotated[int, Field(ge=8, le=32)]] = (8, 16)
    shifted: bool = False
    gate: Gate | None = None


class HybridSpec(Spec):
    """`HybridAttn`: window attention, near or on a lattice, beside global tokens if the network has a context."""

    kind: Literal["hybrid"] = "hybrid"
    window: Side = 8
    shifted: bool = False
    dilation: int = Field(default=1, ge=1, le=4)


class StateSpaceSpec(Spec):
    """`StateSpace`: two-way scans along rows and columns, in strips."""

    kind: Literal["state-space"] = "state-space"
    head_width: int = Field(default=16, ge=4, le=32)
    states: int = Field(default=16, ge=1)
    strip: int = Field(default=16, ge=2, le=16)
    shift: int = Field(default=0, ge=0)


class DeformableSpec(Spec):
    """`DeformableAttn`: neighbours fetched from up to `bound` positions away."""

    kind: Literal["deformable"] = "deformable"
    heads: int = Field(default=4, ge=1)
    kernel: Literal[3, 5] = 3
    bound: int = Field(default=4, ge=1, le=4)


class LargeKernelSpec(Spec):
    """`LargeKernelMixer`: depthwise kernels of `kernel`, 5, 3, the identity and dilated 3x3, one when fused."""

    kind: Literal["large-kernel"] = "large-kernel"
    kernel: int = Field(default=13, ge=5)
    dilations: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=(), description="each at most kernel // 2")


class PartialKernelSpec(Spec):
    """`PartialKernelMixer`: one dense large kernel on a few of the channels."""

    kind: Literal["partial-kernel"] = "partial-kernel"
    kernel: int = Field(default=13, ge=5)
    channels: int = Field(default=16, ge=4)


class PooledAttentionSpec(Spec):
    """`PooledAttention`: half of the channels convolved, half attending to means of pool x pool positions."""

    kind: Literal["pooled-attention"] = "pooled-attention"
    window: Annotated[int, Field(ge=4, le=16, description="side in pooled positions")] = 8
    pool: Literal[2, 4] = 2
    kernel: int = Field(default=5, ge=5)


class ChannelWindowSpec(Spec):
    """`ChannelWindow`: attention between channels, measured in windows."""

    kind: Literal["channel-window"] = "channel-window"
    window: int = Field(default=16, ge=8, le=64)
    shifted: bool = False


class BudgetedWindowSpec(Spec):
    """`BudgetedWindow`: convolution everywhere, window attention by a score of the window."""

    kind: Literal["budgeted-window"] = "budgeted-window"
    window: Side = 8
    shifted: bool = False


class DenseGroupSpec(Spec):
    """`DenseGroup`: every layer sees all layers before it."""

    kind: Literal["dense-group"] = "dense-group"
    layers: int = Field(default=4, ge=2, le=8)
    growth: int = Field(default=16, ge=4)


class ExcursionSpec(Spec):
    """`Excursion`: `depth` convolutional blocks at half resolution."""

    kind: Literal["excursion"] = "excursion"
    depth: int = Field(default=2, ge=1, le=6)


class RepConvSpec(Spec):
    """`RepConvMixer`: a pair of dense 3x3 with more parameters in training than when fused."""

    kind: Literal["rep-conv"] = "rep-conv"
    expansion: int = Field(default=2, ge=1, le=4)


class PromptSpec(Spec):
    """`Prompt`: learned degradation codes, blended for each cell of side x side positions."""

    kind: Literal["prompt"] = "prompt"
    side: Literal[4, 8, 16] = 8
    vectors: int = Field(default=8, ge=2)


class ExpertsSpec(Spec):
    """`MoETextureBlock`: routed experts beside a deterministic one; in the HF branch only.

    selected: experts per cell at most. kernel: of the deblurring expert; rank: of the texture expert.
    """

    kind: Literal["experts"] = "experts"
    selected: int = Field(default=2, ge=1, le=3)
    kernel: int = Field(default=9, ge=5)
    rank: int = Field(default=16, ge=2)


BlockSpec = Annotated[
    ConvSpec
    | WindowSpec
    | OverlapSpec
    | RectangleSpec
    | HybridSpec
    | StateSpaceSpec
    | DeformableSpec
    | LargeKernelSpec
    | PartialKernelSpec
    | PooledAttentionSpec
    | ChannelWindowSpec
    | BudgetedWindowSpec
    | DenseGroupSpec
    | ExcursionSpec
    | RepConvSpec
    | PromptSpec,
    Field(discriminator="kind"),
]
"""A canonical block by its mixer."""

TextureBlockSpec = Annotated[ConvSpec | RepConvSpec | PromptSpec | ExpertsSpec, Field(discriminator="kind")]
"""A block of the HF branch."""

Blocks = tuple[BlockSpec, ...]


def conv(count: int) -> Blocks:
    """A stage of convolutional blocks."""
    return (ConvSpec(),) * count


def large_kernels(count: int, kernel: int = 13) -> Blocks:
    """Blocks of an LF branch."""
    return (LargeKernelSpec(kernel=kernel),) * count


def hybrid(count: int) -> Blocks:
    """Near windows and lattice windows in turn, both shifted the second time (seed §5)."""
    return tuple(HybridSpec(dilation=1 + i % 2, shifted=i // 2 % 2 == 1) for i in range(count))
