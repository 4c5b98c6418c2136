"""A training recipe: YAML over frozen values. Unknown keys are errors that name the nearest right one."""

import difflib
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harmonic.degrade.mixtures import Mixture
from harmonic.errors import UsageError
from harmonic.network.config import HFSpec, LFSpec, NetworkConfig
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(Strict):
    """A preset by name, with changes to its configuration (same keys as `NetworkConfig`)."""

    preset: Literal["tiny", "fast", "base", "large"] = "fast"
    scale: Literal[1, 2, 3, 4] = 1
    changes: dict[str, Any] = {}

    def config(self) -> NetworkConfig:
        base = PRESETS[self.preset](self.scale)
        return NetworkConfig.model_validate(_merge(base.model_dump(), self.changes))


class Losses(Strict):
    """Weight of each term; 0 means that the term is not computed."""

    charbonnier: float = Field(default=1.0, ge=0)
    l1: float = Field(default=0.0, ge=0)
    fft: float = Field(default=0.0, ge=0, description="L1 between spectra")
    ssim: float = Field(default=0.0, ge=0, description="1 - SSIM; crops of at least 11 pixels")
    ms_ssim: float = Field(default=0.0, ge=0, description="1 - MS-SSIM")
    laplacian: float = Field(default=0.0, ge=0, description="L1 over the bands of a pyramid; crops of multiples of 8")
    low: float = Field(default=0.0, ge=0, description="structure alone: means of 4 x 4 cells")
    high: float = Field(default=0.0, ge=0, description="texture alone: what these means leave over")
    balance: float = Field(default=0.001, ge=0, description="of the experts' importance; networks with experts only")
    z: float = Field(default=0.0001, ge=0, description="size of the routers' logits")
    supervision: float = Field(default=0.01, ge=0, description="scores of the experts against the known degradation")


class Phase(Strict):
    """One size of crops: from `start` (fraction of the run) on. crop: side in pixels; batch: crops per step."""

    start: float = Field(default=0.0, ge=0, lt=1)
    crop: int = Field(default=64, ge=16)
    batch: int = Field(default=8, ge=1)


class Recipe(Strict):
    """Everything that decides a training run."""

    name: str
    task: str = "restore"
    model: Model = Model()
    mixture: Mixture = Mixture()
    losses: Losses = Losses()
    phases: tuple[Phase, ...] = (Phase(),)
    steps: int = Field(default=10_000, ge=1)
    lr: float = Field(default=1e-3, gt=0)
    warmup: int = Field(default=500, ge=0, description="steps from zero to the full rate")
    cooldown: float = Field(
        default=0.2, ge=0, le=1, description="last fraction of the run, in which the rate falls to zero"
    )
    weight_decay: float = Field(default=1e-4, ge=0)
    clip: float = Field(default=1.0, gt=0, description="largest norm of all gradients")
    ema: float = Field(default=0.999, ge=0, lt=1)
    seed: int = 0
    precision: Literal["fp32", "bf16"] = "bf16"
    save_every: int = Field(default=1000, ge=1, description="steps")
    validate_every: int = Field(default=2000, ge=1, description="steps")
    licence: str = "Apache-2.0"
    data: str = Field(default="", description="one sentence on the training pictures, kept with the weights")

    @model_validator(mode="after")
    def _crops_fit_the_bands(self) -> "Recipe":
        whole = 8 if self.losses.laplacian else 4 if self.losses.low or self.losses.high else 1
        for phase in self.phases:
            if phase.crop * self.model.scale % whole:
                raise ValueError(f"band losses need targets of multiples of {whole} pixels; change crop {phase.crop}")
        return self

    def hash(self) -> str:
        """SHA-256 over the canonical JSON of all values, 16 hex digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def phase(self, progress: float) -> Phase:
        """The phase that holds at `progress`, 0 to 1."""
        return max((p for p in self.phases if p.start <= progress), key=lambda p: p.start, default=self.phases[0])


SECTIONS = (Recipe, Model, Losses, Phase, Mixture, NetworkConfig, LFSpec, HFSpec)


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file and apply dotted overrides such as `losses.fft=0.1`.

    Raises `UsageError` for a file that cannot be read, a key that does not exist or a value that does not fit.
    """
    try:
        tree = yaml.safe_load(path.read_text())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); give the path of a recipe (.yaml)") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(tree, dict):
        raise UsageError(f"{path}: a recipe is a list of `key: value` lines; see recipes/restore_fast.yaml")
    for override in overrides:
        key, sign, value = override.partition("=")
        if not sign:
            raise UsageError(f"{override}: an override has the form key=value, such as losses.fft=0.1")
        branch: dict[str, Any] = {}
        leaf = branch
        *parents, last = key.split(".")
        for parent in parents:
            leaf[parent] = {}
            leaf = leaf[parent]
        leaf[last] = yaml.safe_load(value)
        tree = _merge(tree, branch)
    try:
        recipe = Recipe.model_validate(tree)
        config = recipe.model.config()
    except ValidationError as error:
        raise UsageError(f"{path}: {_explain(error)}") from None
    try:
        with torch.device("meta"):  # what blocks refuse is known before any picture is read; takes no memory
            Harmonic(config)
    except ValueError as error:
        raise UsageError(f"{path}: model.changes: {error}") from None
    return recipe


def _merge(tree: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(tree)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return merged


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{place}: {first['msg']} (got {first['input']!r})"
    known = {name for model in SECTIONS for name in model.model_fields}
    near = difflib.get_close_matches(str(first["loc"][-1]), known, 1)
    return f"unknown key {place}" + (f"; did you mean {near[0]}?" if near else "")
