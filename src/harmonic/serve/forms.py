"""What clients may send, field by field; unknown fields are refused, so that a misspelt one is not lost in silence."""

from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field

from harmonic.serve.parts import PREVIEW

Model = Annotated[
    str | None, Field(description="One of GET /v1/models; default: the first.", examples=["restore-fast"])
]
Seed = Annotated[int, Field(ge=0, lt=1 << 63, description="Which generated texture; the same again.")]
Side = Annotated[int | None, Field(ge=1, description="Of the region, in input pixels; default: to the end.")]
Place = Annotated[int | None, Field(ge=0, description="Where the region begins, in input pixels.")]


class Upload(BaseModel):
    """A picture: PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF or PPM."""

    model_config = ConfigDict(extra="forbid")

    picture: UploadFile


class RestoreForm(Upload):
    """A picture, and how it is to be restored: as the options of `harmonic restore`."""

    model: Model = None
    strength: float = Field(1.0, ge=0, le=1, description="0: the input as it is; 1: restored in full.")
    detail: float = Field(1.0, ge=0, le=2, description="Strength of the texture correction alone.")
    texture: float = Field(0.0, ge=0, le=1, description="Generated texture, with models that make it.")
    seed: Seed = 0
    format: Literal["auto", "png", "jpg", "webp", "tiff", "avif", "bmp"] = "auto"
    quality: int | None = Field(None, ge=1, le=100, description="Of lossy formats.")
    metadata: Literal["strip", "keep", "strip-gps"] = "strip"


class PartsForm(Upload):
    """A picture, and the region of it whose parts are wanted."""

    model: Model = None
    seed: Seed = 0
    x: Place = None
    y: Place = None
    width: Side = None
    height: Side = None
    preview: int = Field(PREVIEW, ge=1, le=PREVIEW, description="Output pixels, at most.")
    shrink: bool = Field(False, description="Reduce a larger region first, rather than refuse it.")
