"""Restorer: loaded weights that take pictures of any kind and size and return them restored.

The one way from a picture to a restored picture; command line, service, validation and benchmarks all go through it.
"""

import copy
import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from harmonic.assets import find_weights
from harmonic.errors import PictureError, UsageError, WeightsError
from harmonic.images.message import shown
from harmonic.images.picture import Picture, picture_to_pil
from harmonic.images.read import read_picture
from harmonic.images.write import refuse_unwritable, write_picture
from harmonic.network.checkpoint import Card, load_network
from harmonic.network.deploy import fuse, limit_experts
from harmonic.network.harmonic import Harmonic
from harmonic.restore.attempts import attempts_of
from harmonic.restore.device import pick_device
from harmonic.restore.engine import Engine, Mix, Progress, Result
from harmonic.restore.runtime_choice import choose
from harmonic.restore.tile_size import TileSize, parse_tile

DEFAULT_MODEL = "restore-fast"
_DETAIL_LIMIT = 2.0


@dataclass(frozen=True)
class Report:
    """What was done to one file.

    size: width and height of the result. tile: side of the tiles' cores, None = restored as a whole. seconds: from
    opening the source to having written the target. notes: what the user should hear, one phrase each. skipped: share
    of the experts' work that no place of the picture asked for; None without experts.
    """

    source: Path
    target: Path
    size: tuple[int, int]
    tile: int | None
    precision: str
    device: str
    seconds: float
    notes: tuple[str, ...]
    skipped: float | None


class Restorer:
    """Restores pictures with one set of weights.

    model: a bundled name, a weights file, or a network (which is copied). device: auto, cpu, cuda or cuda:N.
    precision: auto, fp32, bf16 or fp16. runtime: auto, torch, openvino or onnx (docs/runtimes.md); the first use of one
    of the last two takes a minute. tile: auto, off or a size in pixels, rounded up to the network's grid. scale: the
    enlargement wanted, to be sure of it; None = that of the weights. budget: of the experts, 1 = as trained, 0 = none;
    less is quicker (`network.deploy.limit_experts`).
    Raises WeightsError and UsageError.
    """

    def __init__(
        self,
        model: str | Path | Harmonic = DEFAULT_MODEL,
        *,
        device: str = "auto",
        precision: str = "auto",
        runtime: str = "auto",
        tile: TileSize = "auto",
        scale: int | None = None,
        budget: float = 1.0,
    ):
        self.device = pick_device(device)
        self.card: Card | None = None
        self.digest: str | None = None  # SHA-256 of the weights file
        if isinstance(model, str | Path):
            path = find_weights(model)
            network, self.card = load_network(path)
            self.digest = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            network = model
        if scale is not None and scale != network.scale:
            name = self.card.name if self.card else "this network"
            raise WeightsError(f"--scale {scale}: {name} enlarges by {network.scale}; name other weights with --model")
        self.scale = network.scale
        self.tile = parse_tile(tile, network.grid)
        self.budget = budget
        ready = _deployed(network).to(self.device)
        if budget != 1:
            try:
                limit_experts(ready, budget)
            except ValueError as error:
                raise UsageError(f"--budget {budget:g}: {error}") from None
        self._generates = getattr(getattr(ready, "hf", None), "texture", None) is not None
        self.choice = choose(runtime, precision, self.device)
        self.runtime, self.precision = self.choice.runtime, self.choice.precision
        attempts, self.note = attempts_of(ready, self.device, self.choice, self.card.name if self.card else None)
        self.network = ready  # as it runs: a fused copy, not to be changed
        self._engine = Engine(ready, self.device, self.precision, self.tile, attempts)

    def planned_tile(self, height: int, width: int) -> int | None:
        """Side of the tiles' cores that a picture of this size would get now, None = restored as a whole."""
        return self._engine.plan(height, width)[1]

    @overload
    def restore(
        self,
        picture: str | Path | Image.Image,
        *,
        strength: float = ...,
        detail: float = ...,
        texture: float = ...,
        seed: int = ...,
        progress: Progress | None = ...,
    ) -> Image.Image: ...
    @overload
    def restore(
        self,
        picture: np.ndarray,
        *,
        strength: float = ...,
        detail: float = ...,
        texture: float = ...,
        seed: int = ...,
        progress: Progress | None = ...,
    ) -> np.ndarray: ...
    @overload
    def restore(
        self,
        picture: Tensor,
        *,
        strength: float = ...,
        detail: float = ...,
        texture: float = ...,
        seed: int = ...,
        progress: Progress | None = ...,
    ) -> Tensor: ...
    def restore(
        self,
        picture: str | Path | Image.Image | np.ndarray | Tensor,
        *,
        strength: float = 1.0,
        detail: float = 1.0,
        texture: float = 0.0,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Image.Image | np.ndarray | Tensor:
        """A picture of any kind -> the same kind, restored.

        A path or a PIL image gives a PIL image. uint8 arrays (H, W), (H, W, 1 or 3) give uint8. Float arrays of these
        shapes and float tensors (C, H, W), (B, C, H, W), C = 1 or 3, hold values about [0, 1]; values beyond go
        through as they are, and the float32 result is not clamped.
        strength: 0 (the input itself, bit for bit) to 1. detail: 0 to 2, scales texture apart from structure.
        texture: 0 to 1, how much generated texture is added, where the model has a texture head; the same seed gives
        the same texture.
        Raises PictureError, UsageError, ResourceError; ValueError for arrays of other shapes and types.
        """
        mix = self._checked_mix(strength, detail, texture, seed)
        if isinstance(picture, np.ndarray):
            return self._restore_array(picture, mix, progress)
        if isinstance(picture, Tensor):
            return self._restore_tensor(picture, mix, progress)
        decoded = read_picture(picture)
        return picture_to_pil(self._restore_picture(decoded, mix, progress)[0])

    def restore_picture(
        self,
        picture: Picture,
        *,
        strength: float = 1.0,
        detail: float = 1.0,
        texture: float = 0.0,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Picture:
        """A decoded picture, restored; metadata stay, and alpha stays untouched (at scales above 1 it is enlarged)."""
        return self._restore_picture(picture, self._checked_mix(strength, detail, texture, seed), progress)[0]

    def restore_file(
        self,
        source: str | Path,
        target: str | Path,
        *,
        format: str | None = None,
        quality: int | None = None,
        overwrite: bool = False,
        strength: float = 1.0,
        detail: float = 1.0,
        texture: float = 0.0,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Report:
        """Read, restore, write. `target` holds a complete picture afterwards or is as it was.

        format, quality, overwrite: as `write_picture` takes them. Raises HarmonicError that names the file.
        """
        mix = self._checked_mix(strength, detail, texture, seed)
        started, source, target = time.monotonic(), Path(source), Path(target)
        refuse_existing(target, overwrite)
        picture = read_picture(source)
        height, width = (self.scale * side for side in picture.colour.shape[:2])
        refuse_unwritable(target, format, width, height, picture.alpha is not None)
        try:
            restored, result = self._restore_picture(picture, mix, progress)
        except PictureError as error:
            raise PictureError(f"{shown(source)}: {error}") from error
        lost = write_picture(target, restored, format=format, quality=quality, overwrite=overwrite)
        height, width = restored.colour.shape[:2]
        return Report(
            source=source,
            target=target,
            size=(width, height),
            tile=result.tile,
            precision=self.precision,
            device=str(self.device),
            seconds=time.monotonic() - started,
            notes=(*((self.note,) if self.note else ()), *restored.notes, *lost),
            skipped=result.skipped,
        )

    def _restore_picture(self, picture: Picture, mix: Mix, progress: Progress | None) -> tuple[Picture, Result]:
        """The restored picture, and what the engine says about it."""
        result = self._engine.run(picture.colour, mix, progress)
        alpha = None if picture.alpha is None else _enlarge_alpha(picture.alpha, self.scale)
        return replace(picture, colour=result.pixels, alpha=alpha, notes=(*picture.notes, *result.notes)), result

    def _restore_array(self, picture: np.ndarray, mix: Mix, progress: Progress | None) -> np.ndarray:
        if picture.dtype != np.uint8 and not np.issubdtype(picture.dtype, np.floating):
            raise ValueError(f"an array must be uint8, or float in about [0, 1]; got {picture.dtype}")
        shape = picture.shape
        if not (picture.ndim == 2 or (picture.ndim == 3 and shape[2] in (1, 3))) or 0 in shape:
            raise ValueError(f"an array must be (H, W) or (H, W, 1 or 3) with H, W >= 1; got {shape}")
        samples = picture if picture.dtype == np.uint8 else picture.astype(np.float32, copy=False)
        result = self._engine.run(samples if samples.ndim == 3 else samples[..., None], mix, progress).pixels
        return result if picture.ndim == 3 else result[..., 0]

    def _restore_tensor(self, picture: Tensor, mix: Mix, progress: Progress | None) -> Tensor:
        if not picture.is_floating_point():
            raise ValueError(f"a tensor must be floating-point, about [0, 1]; got {picture.dtype}")
        if picture.ndim not in (3, 4) or picture.shape[-3] not in (1, 3) or 0 in picture.shape:
            raise ValueError(f"a tensor must be (C, H, W) or (B, C, H, W), C = 1 or 3; got {tuple(picture.shape)}")
        if picture.ndim == 4:
            return torch.stack([self._restore_tensor(one, mix, progress) for one in picture])
        samples = picture.detach().float().cpu().permute(1, 2, 0).numpy()
        result = self._engine.run(samples, mix, progress).pixels
        return torch.from_numpy(result).permute(2, 0, 1).contiguous().to(picture.device)

    def _checked_mix(self, strength: float, detail: float, texture: float, seed: int) -> Mix:
        if not 0 <= strength <= 1:
            raise UsageError(f"--strength {strength:g}: must be 0 (the input as it is) to 1 (restored in full)")
        if not 0 <= detail <= _DETAIL_LIMIT:
            raise UsageError(
                f"--detail {detail:g}: must be 0 (no texture correction) to {_DETAIL_LIMIT:g}; 1 is neutral"
            )
        if not 0 <= texture <= 1:
            raise UsageError(f"--texture {texture:g}: must be 0 (none is generated) to 1")
        if texture and not self._generates:
            name = self.card.name if self.card else "this network"
            raise UsageError(f"--texture {texture:g}: {name} generates no texture; name other weights with --model")
        if not 0 <= seed < 1 << 63:
            raise UsageError(f"--seed {seed}: must be 0 to {(1 << 63) - 1}")
        return Mix(strength, detail, texture, seed)


def refuse_existing(target: Path, overwrite: bool) -> None:
    """Said before the work is done; `write_picture` decides for good. Raises PictureError."""
    if target.exists() and not overwrite:
        raise PictureError(f"{shown(target)}: exists already; use --overwrite to replace it, or -o to write elsewhere")


def _deployed(network: Harmonic) -> Harmonic:
    """A copy that is ready for work: fused where it is not yet, channels-last, evaluation mode, no gradients."""
    ready = fuse(network) if getattr(network, "form", None) == "train" else copy.deepcopy(network)
    return ready.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]


def _enlarge_alpha(alpha: np.ndarray, scale: int) -> np.ndarray:
    if scale == 1:
        return alpha
    height, width = alpha.shape
    return np.asarray(Image.fromarray(alpha).resize((scale * width, scale * height), Image.Resampling.BICUBIC))
