"""The configuration of a network: one tree of frozen values, saved with the weights and read back from them.

An absent part is `None`, so an ablation is `variant(config, hf=None)`. Kinds of blocks stand in `specs.py`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from harmonic.network.specs import (
    Blocks,
    ConvSpec,
    ExpertsSpec,
    HybridSpec,
    LargeKernelSpec,
    PartialKernelSpec,
    PooledAttentionSpec,
    Spec,
    TextureBlockSpec,
    conv,
    large_kernels,
)


class LFSpec(Spec):
    """`LFBranch`: structure, on the grid of cells. Without blocks only its input layer and its head are left."""

    channels: int = Field(default=48, ge=4)
    blocks: Blocks = large_kernels(2)


class TextureSpec(Spec):
    """`TextureHead`: generated texture, which only a caller who asks for it sees."""

    channels: int = Field(default=16, ge=4)
    layers: int = Field(default=2, ge=1, le=4)


class HFSpec(Spec):
    """`HFBranch`: learned high-pass input, texture blocks on the finest features, a tail on the input's grid."""

    high_pass: int = Field(default=8, ge=4, description="channels of the learned high-pass filters")
    beyond: Literal["zeros", "edge"] = Field(default="zeros", description="what these see around the picture")
    blocks: tuple[TextureBlockSpec, ...] = (ConvSpec(),) * 2
    tail: int = Field(default=16, ge=1, description="channels of the tail, one position per input pixel")
    tail_form: Literal["sum", "product"] = Field(default="product", description="how features and local filters meet")
    side: Literal[8, 16] = Field(default=16, description="of the router's cells, in positions of the finest features")
    texture: TextureSpec | None = None


class ConvFusionSpec(Spec):
    """`FreqFusion` as gated 1x1 convolutions."""

    kind: Literal["conv"] = "conv"


class AttentionFusionSpec(Spec):
    """`FreqFusionAttention`: gated window cross-attention."""

    kind: Literal["attention"] = "attention"
    window: int = Field(default=8, ge=4, le=16, description="positions of the LF grid")


class StateSpaceFusionSpec(Spec):
    """`FreqFusionScan`: one scan over the tokens of both streams, in strips."""

    kind: Literal["state-space"] = "state-space"
    states: int = Field(default=8, ge=1)
    strip: Literal[8, 16] = Field(default=16, description="tokens, two per position of the LF grid")


FusionSpec = Annotated[ConvFusionSpec | AttentionFusionSpec | StateSpaceFusionSpec, Field(discriminator="kind")]


class NetworkConfig(Spec):
    """Everything that decides the shape of a `Harmonic` network."""

    scale: Literal[1, 2, 3, 4] = 1
    channels: tuple[int, int, int] = Field(default=(48, 96, 160), description="widths at strides f, 2f and 4f")
    encoder: tuple[Blocks, Blocks] = Field(default=(conv(1), conv(2)), description="blocks at strides f and 2f")
    bottleneck: Blocks = conv(4)
    decoder: tuple[Blocks, Blocks] = Field(default=(conv(1), conv(2)), description="blocks at strides f and 2f")
    ffn_ratio: float = Field(default=1.0, gt=0, le=2)
    ffn_depthwise: bool = False
    channel_attention: bool = True
    context: int | None = Field(default=None, ge=8, description="width of the global tokens")
    lf: LFSpec | None = LFSpec()
    hf: HFSpec | None = HFSpec()
    fusion: tuple[FusionSpec, FusionSpec] | None = Field(
        default=(ConvFusionSpec(), ConvFusionSpec()), description="at the decoder stages of strides f and 2f"
    )
    floor: float = Field(default=0.0, ge=0, lt=1, description="least value of the output gates, which start at 1")
    mirror: int = Field(default=0, ge=0, le=16, description="mirrored input pixels put around a picture")

    @model_validator(mode="after")
    def _check(self) -> "NetworkConfig":
        if any(c < 4 or c % 4 for c in self.channels):
            raise ValueError(f"channels must be multiples of 4, got {self.channels}")
        if self.mirror % (self.cell // self.scale):
            raise ValueError(
                f"mirror must be a multiple of {self.cell // self.scale}, so that cells stay where they are"
            )
        if self.mirror and self.hf is not None and any(isinstance(block, ExpertsSpec) for block in self.hf.blocks):
            raise ValueError("mirror moves the JPEG blocks that experts look for; set it to 0, or hf.blocks to others")
        if self.fusion is not None and self.lf is None:
            raise ValueError("fusion needs an lf branch; set fusion to null too")
        for block in self._all_blocks():
            if isinstance(block, LargeKernelSpec | PartialKernelSpec | PooledAttentionSpec) and block.kernel % 2 == 0:
                raise ValueError(f"kernel must be odd, got {block.kernel}")
        if self.context is not None and not any(isinstance(block, HybridSpec) for block in self._all_blocks()):
            raise ValueError("context needs a hybrid block that asks it; set context to null")
        return self

    def _all_blocks(self) -> Blocks:
        lf = self.lf.blocks if self.lf else ()
        return sum((*self.encoder, self.bottleneck, *self.decoder, lf), ())

    @property
    def generates(self) -> bool:
        """Whether there is a head that makes texture on request."""
        return self.hf is not None and self.hf.texture is not None

    @property
    def factor(self) -> int:
        """f: stride of the finest features in output pixels."""
        return 2 if self.scale == 1 else self.scale

    @property
    def stride(self) -> int:
        """Stride of the finest features in input pixels."""
        return self.factor // self.scale

    @property
    def cell(self) -> int:
        """K: side of a band cell in output pixels, one position of the second level."""
        return 2 * self.factor


def variant(config: NetworkConfig, **changes: Any) -> NetworkConfig:
    """A validated copy with some values changed."""
    return NetworkConfig.model_validate({**config.model_dump(), **changes})
