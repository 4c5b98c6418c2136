"""A training recipe: frozen values, closed to unknown keys. How one is read from files stands in `reading.py`."""

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harmonic.degrade.mixtures import Mixture
from harmonic.network.checkpoint import ModelName, Printable
from harmonic.network.config import NetworkConfig
from harmonic.network.presets import PRESETS


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Model(Strict):
    """A preset by name, with changes to its configuration (same keys as `NetworkConfig`)."""

    preset: Literal["tiny", "fast", "base", "large"] = "fast"
    scale: Literal[1, 2, 3, 4] = 1
    changes: dict[str, Any] = Field(default={}, description="merged into the preset's NetworkConfig")

    def config(self) -> NetworkConfig:
        """Raises pydantic's ValidationError, with places relative to `changes`."""
        return NetworkConfig.model_validate(merged(PRESETS[self.preset](self.scale).model_dump(), self.changes))


class Data(Strict):
    """What samples are made of, beside the folder that the command names."""

    synthetic: float = Field(default=0.0, ge=0, le=1, description="share of samples from drawn pictures")
    detailed: float = Field(
        default=0.0, ge=0, le=1, description="share of photographs' crops that are the more detailed of two"
    )
    workers: int = Field(
        default=1, ge=1, description="threads that make samples, or processes beside a GPU; never changes them"
    )
    degrade: Literal["cpu", "device"] = Field(
        default="cpu", description="where damage is applied; device: on the GPU, close to the cpu's, not equal"
    )


class Losses(Strict):
    """Weight of each term; 0 means that the term is not computed."""

    charbonnier: float = Field(default=1.0, ge=0)
    l1: float = Field(default=0.0, ge=0)
    psnr: float = Field(default=0.0, ge=0, description="what PSNR counts; 0.03 pulls about as hard as charbonnier's 1")
    fft: float = Field(default=0.0, ge=0, description="L1 between spectra")
    ssim: float = Field(default=0.0, ge=0, description="1 - SSIM; crops of at least 11 pixels")
    ms_ssim: float = Field(default=0.0, ge=0, description="1 - MS-SSIM")
    laplacian: float = Field(default=0.0, ge=0, description="L1 over the bands of a pyramid; crops of multiples of 8")
    low: float = Field(default=0.0, ge=0, description="structure alone: means of 4 x 4 cells")
    low_laplacian: float = Field(default=0.0, ge=0, description="these means over a pyramid; crops of multiples of 16")
    low_fft: float = Field(default=0.0, ge=0, description="magnitudes of spectra of these means; crops of at least 32")
    high: float = Field(default=0.0, ge=0, description="texture alone: what these means leave over")
    high_laplacian: float = Field(default=0.0, ge=0, description="texture alone, details of 2 and 4 pixels alike")
    high_fft: float = Field(default=0.0, ge=0, description="magnitudes of spectra of the texture; crops of at least 16")
    texture: float = Field(default=0.0, ge=0, description="weight-free distance of textures (sliced Wasserstein)")
    features: float = Field(default=0.0, ge=0, description="texture as a trained network sees it (VGG-19)")
    features_file: Path | None = Field(default=None, description="its weights; docs/training-features.md says how")
    balance: float = Field(default=0.001, ge=0, description="of the experts' importance; networks with experts only")
    router_z: float = Field(default=0.0001, ge=0, description="size of the routers' logits")
    entropy: float = Field(default=0.0, ge=0, description="penalty on undecided routers; sharpens them")
    supervision: float = Field(default=0.01, ge=0, description="scores of the experts against the known degradation")

    @property
    def of_pictures(self) -> bool:
        """Whether a term that looks at the restored picture is asked for."""
        beside = {"balance", "router_z", "entropy", "supervision", "features_file"}
        return any(getattr(self, name) for name in type(self).model_fields if name not in beside)

    @property
    def multiple(self) -> int:
        """Of how many pixels the sides of targets must be multiples."""
        if self.low_laplacian:
            return 16
        bands = (self.low, self.low_fft, self.high, self.high_laplacian, self.high_fft, self.texture, self.features)
        return 8 if self.laplacian else 4 if any(bands) else 1


Share = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(Strict):
    """Decay on what mixes channels. muon: Muon for those that mix channels, AdamW for all others, at one rate."""

    form: Literal["adamw", "muon"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    betas: tuple[Share, Share] = (0.9, 0.99)
    clip: float = Field(default=1.0, gt=0, description="largest norm of all gradients")
    accumulate: int = Field(default=1, ge=1, description="parts in which a step's crops are computed, to save memory")


class Phase(Strict):
    """One size of crops: from `start` (fraction of the run) on. crop: side in input pixels; batch: crops per step."""

    start: float = Field(default=0.0, ge=0, lt=1)
    crop: int = Field(default=64, ge=16)
    batch: int = Field(default=8, ge=1, description="over all processes and accumulated parts")


class Schedule(Strict):
    """How long, how fast, on which crops. constant: warm-up, full rate, cool-down; cosine: warm-up, then to zero."""

    steps: int = Field(default=10_000, ge=1)
    form: Literal["constant", "cosine"] = "constant"
    warmup: int = Field(default=500, ge=0, description="steps from zero to the full rate")
    cooldown: float = Field(
        default=0.2, ge=0, le=1, description="last fraction of the run, in which the rate falls to zero"
    )
    phases: tuple[Phase, ...] = Field(default=(Phase(),), min_length=1)

    @model_validator(mode="after")
    def _phases_in_order(self) -> "Schedule":
        if self.phases[0].start != 0 or any(a.start >= b.start for a, b in pairwise(self.phases)):
            raise ValueError("phases start at 0 and follow each other; sort them by start")
        return self

    def phase(self, progress: float) -> Phase:
        """The phase that holds at `progress`, 0 to 1."""
        return max((p for p in self.phases if p.start <= progress), key=lambda p: p.start)


class Discriminator(Strict):
    """The adversary of the texture head; it sees the high band only."""

    channels: int = Field(default=32, ge=8, description="width of its first layer")
    learning_rate: float = Field(default=1e-4, gt=0)
    r1: float = Field(default=0.0, ge=0, description="penalty on its gradient at real pictures")


class Texture(Strict):
    """The generative stage (seed §9, §10): the texture head learns beside, or after, the deterministic network.

    trunk: what happens to everything else. frozen: nothing; slow: a tenth of the rate; trained: the full rate.
    """

    trunk: Literal["frozen", "slow", "trained"] = "frozen"
    form: Literal["hinge", "relativistic"] = "hinge"
    gan: float = Field(default=0.01, ge=0)
    matching: float = Field(default=0.1, ge=0, description="L1 between the discriminator's maps")
    distance: float = Field(default=0.1, ge=0, description="weight-free texture distance")
    pixel: float = Field(default=0.1, ge=0, description="L1 of the high band, which keeps texture near the truth")
    drift: float = Field(default=0.0, ge=0, description="what the 4x-down-sampled picture sees of the texture")
    features: float = Field(default=0.0, ge=0, description="features of a trained network, from losses.features_file")
    discriminator: Discriminator = Discriminator()

    @property
    def taught(self) -> bool:
        """Whether there is a term that the head learns by."""
        return any((self.gan, self.matching, self.distance, self.pixel, self.features))


class Guard(Strict):
    """What happens when steps go wrong (non-finite loss or gradient, or a spike): skipped, then rolled back."""

    patience: int = Field(default=5, ge=1, description="bad steps of the last 100 that are borne")
    rollbacks: int = Field(default=3, ge=0, description="returns to the last good state before the run gives up")
    spike: float = Field(default=0.0, ge=0, description="times the median of recent losses; 0: off")
    worse: float = Field(
        default=0.0, ge=0, description="dB below the start at which a warm-started run gives up; 0: it only warns"
    )


class Recipe(Strict):
    """Everything that decides a training run."""

    name: ModelName
    task: Printable = "restore"
    model: Model = Model()
    data: Data = Data()
    mixture: Mixture = Mixture()
    losses: Losses = Losses()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    texture: Texture | None = None
    guard: Guard = Guard()
    ema: float = Field(default=0.999, ge=0, lt=1)
    seed: int = Field(default=0, ge=0, lt=1 << 63)
    precision: Literal["fp32", "bf16"] = "bf16"
    checkpointing: bool = Field(default=False, description="activations are computed twice instead of kept")
    compile: bool = Field(default=False, description="torch.compile; pays on a GPU")
    log_every: int = Field(default=50, ge=1, description="steps")
    save_every: int = Field(default=1000, ge=1, description="steps")
    validate_every: int = Field(default=2000, ge=1, description="steps")
    licence: Printable = "Apache-2.0"
    trained_on: Printable = Field(default="", description="one sentence on the pictures, kept with the weights")

    @model_validator(mode="after")
    def _fits_together(self) -> "Recipe":
        if (self.losses.features or (self.texture and self.texture.features)) and self.losses.features_file is None:
            raise ValueError("features need losses.features_file; docs/training-features.md says how to make it")
        taught = self.texture.taught if self.texture else self.losses.of_pictures
        if not taught:
            raise ValueError(
                f"{'texture' if self.texture else 'losses'}: all weights are 0, so nothing would be learnt"
            )
        whole = max(self.losses.multiple, 4 if self.texture else 1)
        for phase in self.schedule.phases:
            if phase.crop * self.model.scale % whole:
                raise ValueError(f"band losses need targets of multiples of {whole} pixels; change crop {phase.crop}")
            if self.losses.low_fft and phase.crop * self.model.scale < 32:
                raise ValueError(f"low_fft needs targets of at least 32 pixels; change crop {phase.crop}")
            if phase.batch % self.optimizer.accumulate:
                raise ValueError(f"batch {phase.batch} cannot be accumulated in {self.optimizer.accumulate} parts")
        return self

    def hash(self) -> str:
        """SHA-256 over the canonical JSON of all values, 16 hex digits.

        Keys that are younger than runs whose hash is on record are left out while they have their default.
        """
        younger = None if self.data.detailed else {"data": {"detailed"}}
        return hashlib.sha256(self.model_dump_json(exclude=younger).encode()).hexdigest()[:16]

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Dotted keys whose values in another recipe's tree would make this run another one.

        Length, intervals and words may change between a run and its continuation. A key that the other one, of an
        older version, does not have counts as its default.
        """
        own = flattened(self.model_dump(mode="json"))
        other = flattened(Recipe(name=self.name).model_dump(mode="json")) | flattened(other)
        return sorted(key for key in own.keys() | other.keys() if key not in FREE and own.get(key) != other.get(key))


FREE = {"name", "task", "licence", "trained_on", "schedule.steps", "log_every", "save_every", "validate_every",
        "data.workers", "checkpointing", "compile", "guard.patience", "guard.rollbacks", "guard.worse",
        "optimizer.accumulate"}  # fmt: skip
"""Keys on which neither the samples nor a step's arithmetic depends (up to rounding)."""


def merged(tree: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A tree with another laid over it; anything but two mappings is replaced."""
    result = dict(tree)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return result


def flattened(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys."""
    result: dict[str, Any] = {}
    for key, value in tree.items():
        result |= flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return result
