"""The configuration of a network: one tree of frozen values, saved with the weights and read back from them.

An absent part is `None`, so an ablation is `variant(config, hf=None)`.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Spec(BaseModel):
    """A frozen value; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LFSpec(Spec):
    """`LFBranch`: structure, on the grid of cells. blocks = 0 leaves only its input layer and its head."""

    channels: int = Field(default=48, ge=4)
    blocks: int = Field(default=2, ge=0)
    kernel: int = Field(default=13, ge=5)


class HFSpec(Spec):
    """`HFBranch`: learned high-pass input, texture blocks on the finest features, full-resolution tail."""

    high_pass: int = Field(default=8, ge=4, description="channels of the learned high-pass filters")
    blocks: int = Field(default=2, ge=0)
    tail: int = Field(default=16, ge=1, description="channels at full resolution")


class FusionSpec(Spec):
    """`FreqFusion` at both decoder stages, as gated 1x1 convolutions."""

    kind: Literal["conv"] = "conv"


class NetworkConfig(Spec):
    """Everything that decides the shape of a `Harmonic` network."""

    scale: Literal[1, 2, 3, 4] = 1
    channels: tuple[int, int, int] = Field(default=(48, 96, 160), description="widths at strides f, 2f and 4f")
    encoder: tuple[int, int] = Field(default=(1, 2), description="blocks at strides f and 2f")
    bottleneck: int = Field(default=4, ge=0)
    decoder: tuple[int, int] = Field(default=(1, 2), description="blocks at strides f and 2f")
    ffn_ratio: float = Field(default=1.0, gt=0, le=2)
    ffn_depthwise: bool = False
    channel_attention: bool = True
    lf: LFSpec | None = LFSpec()
    hf: HFSpec | None = HFSpec()
    fusion: FusionSpec | None = FusionSpec()

    @model_validator(mode="after")
    def _check(self) -> "NetworkConfig":
        if any(c < 4 or c % 4 for c in self.channels):
            raise ValueError(f"channels must be multiples of 4, got {self.channels}")
        if self.fusion is not None and self.lf is None:
            raise ValueError("fusion needs an lf branch; set fusion to null too")
        if self.lf is not None and self.lf.kernel % 2 == 0:
            raise ValueError(f"lf.kernel must be odd, got {self.lf.kernel}")
        return self

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
