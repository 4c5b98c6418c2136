"""Restorer: loaded weights that take pictures of any kind and size and return them restored.

The one way from a picture to a restored picture; command line, service, validation and benchmarks all go through it.
"""

import copy
import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Unpack, overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from harmonic.assets import find_weights
from harmonic.errors import UsageError, WeightsError
from harmonic.images.picture import Picture, picture_to_pil, refuse_beyond_pil
from harmonic.images.read import read_picture
from harmonic.images.transparency import visible_colours
from harmonic.network.checkpoint import Card, load_network
from harmonic.network.deploy import fuse, limit_experts
from harmonic.network.harmonic import Harmonic
from harmonic.ops.resize import resize_to
from harmonic.restore.alpha import enlarge_alpha
from harmonic.restore.device import pick_device
from harmonic.restore.dials import Dials, Keywords, restore_dialled
from harmonic.restore.engine import Engine, Progress, Result
from harmonic.restore.file import FileKeywords, Report, Settings, restore_file
from harmonic.restore.foreign import samples_of_array, samples_of_tensor
from harmonic.restore.parts import PictureParts
from harmonic.restore.runtimes.attempts import attempts_of
from harmonic.restore.runtimes.choice import choose
from harmonic.restore.tile_size import TileSize, parse_tile

DEFAULT_MODEL = "restore-fast"


class Restorer:
    """Restores pictures with one set of weights. Threads may share one.

    model: a bundled name, a weights file, or a network (which is copied). device: auto, cpu, cuda or cuda:N.
    precision: auto, fp32, bf16 or fp16. runtime: auto, torch, openvino or onnx (docs/runtimes.md); the first use of one
    of the last two takes a minute. tile: auto, off or a size in pixels, rounded up to the network's grid. scale: the
    enlargement wanted, to be sure of it; None = that of the weights. budget: of the experts, 1 = as trained, 0 = none;
    less is quicker (`network.deploy.limit_experts`). fallback: whether torch in fp32 and the -fast weights step in for
    tiles with values that no picture may have, which is told; without it they are a PictureError.
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
        fallback: bool = True,
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
        self.name = self.card.name if self.card else "this network"
        if scale is not None and scale != network.scale:
            raise WeightsError(
                f"--scale {scale}: {self.name} enlarges by {network.scale}; name other weights with --model"
            )
        self.scale, self.grid = network.scale, network.grid
        self.tile = parse_tile(tile, network.grid)
        self.budget = budget
        ready = _deployed(network).to(self.device)
        if budget != 1:
            try:
                limit_experts(ready, budget)
            except ValueError as error:
                raise UsageError(f"--budget {budget:g}: {error}") from None
        self.generates = ready.config.generates
        self.choice = choose(runtime, precision, self.device, network.scale)
        self.runtime, self.precision = self.choice.runtime, self.choice.precision
        self.again = partial(
            Restorer, model, device=device, precision=self.precision, runtime=self.runtime, tile=tile, scale=scale,
            budget=budget, fallback=fallback,
        )  # fmt: skip
        """Makes such a Restorer anew, on another machine too."""
        attempts, self.note = attempts_of(ready, self.device, self.choice, self.card.name if self.card else None)
        self.network = ready  # as it runs: a fused copy, not to be changed
        self.engine = Engine(ready, self.device, self.precision, self.tile, attempts if fallback else attempts[:1])

    def planned_tile(self, height: int, width: int) -> int | None:
        """Side of the tiles' cores that a picture of this size would get now, None = restored as a whole."""
        return self.engine.plan(height, width)[1]

    @overload
    def restore(
        self, picture: str | Path | Image.Image, *, progress: Progress | None = ..., **dials: Unpack[Keywords]
    ) -> Image.Image: ...
    @overload
    def restore(
        self, picture: np.ndarray, *, progress: Progress | None = ..., **dials: Unpack[Keywords]
    ) -> np.ndarray: ...
    @overload
    def restore(self, picture: Tensor, *, progress: Progress | None = ..., **dials: Unpack[Keywords]) -> Tensor: ...
    def restore(
        self,
        picture: str | Path | Image.Image | np.ndarray | Tensor,
        *,
        progress: Progress | None = None,
        **dials: Unpack[Keywords],
    ) -> Image.Image | np.ndarray | Tensor:
        """A picture of any kind -> the same kind, restored.

        A path or a PIL image gives a PIL image (deep colour is refused: `restore_file` keeps it). uint8 and uint16
        arrays (H, W), (H, W, 1 or 3) give their type. Float arrays of these shapes and float tensors (C, H, W),
        (B, C, H, W), C = 1 or 3, hold values about [0, 1]; values beyond go through as they are, and the float32 result
        is not clamped.
        dials: the fields of `restore.dials.Dials`: strength, detail, texture, seed, ensemble, wrap, mask, size.
        Raises PictureError, UsageError, ResourceError, WeightsError for a size that these weights do not reach;
        ValueError for arrays of other shapes and types.
        """
        checked = self._checked(dials)
        if isinstance(picture, np.ndarray):
            return self._restore_array(picture, checked, progress)
        if isinstance(picture, Tensor):
            return self._restore_tensor(picture, checked, progress)
        decoded = read_picture(picture)
        refuse_beyond_pil(decoded)  # before the work
        return picture_to_pil(self.run_picture(decoded, checked, progress)[0])

    def restore_picture(
        self, picture: Picture, *, progress: Progress | None = None, **dials: Unpack[Keywords]
    ) -> Picture:
        """A decoded picture, restored; metadata stay, and alpha stays untouched (at scales above 1 it is enlarged)."""
        return self.run_picture(picture, self._checked(dials), progress)[0]

    def restore_file(
        self,
        source: str | Path,
        target: str | Path,
        *,
        progress: Progress | None = None,
        **settings: Unpack[FileKeywords],
    ) -> Report:
        """Read, restore, write. `target` holds a complete picture afterwards or is as it was.

        settings: the fields of `restore.file.Settings`: dials, format, quality, overwrite, metadata, max_pixels, page.
        A picture whose pixels take more than 256 MiB is held by rows of tiles only, where its formats allow.
        Raises HarmonicError that names the file.
        """
        return restore_file(self, Path(source), Path(target), Settings(**settings), progress)

    def decompose(
        self,
        picture: str | Path | Image.Image | Picture | np.ndarray,
        *,
        region: tuple[int, int, int, int] | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> PictureParts:
        """The parts that a restored picture is the sum of, to mix them anew or to look at them.

        picture: as for `restore`, arrays as there. region: (x, y, width, height) in input pixels, None = the whole
        picture; its parts are those of the whole, cut out. seed: of generated texture. Takes 36 bytes per output pixel
        of the region, 48 where texture is generated. Raises what `restore` does.
        """
        if isinstance(picture, np.ndarray):
            samples = samples_of_array(picture)
        else:
            given = picture if isinstance(picture, Picture) else read_picture(picture)
            samples = given.colour if given.alpha is None else visible_colours(given.colour, given.alpha)
        return self.engine.parts(samples, seed, region, progress)

    def run_picture(self, picture: Picture, dials: Dials, progress: Progress | None) -> tuple[Picture, Result]:
        """The restored picture, and what the engine says about it."""
        source = picture.colour
        if picture.alpha is not None and (dials.strength or self.scale > 1):
            source = visible_colours(source, picture.alpha)
        result = restore_dialled(self.engine, source, dials, self.name, progress)
        alpha = None if picture.alpha is None else enlarge_alpha(picture.alpha, self.scale)
        alpha = None if alpha is None else resize_to(alpha, *result.pixels.shape[:2])
        return replace(picture, colour=result.pixels, alpha=alpha, notes=(*picture.notes, *result.notes)), result

    def _restore_array(self, picture: np.ndarray, dials: Dials, progress: Progress | None) -> np.ndarray:
        result = restore_dialled(self.engine, samples_of_array(picture), dials, self.name, progress).pixels
        return result if picture.ndim == 3 else result[..., 0]

    def _restore_tensor(self, picture: Tensor, dials: Dials, progress: Progress | None) -> Tensor:
        given = samples_of_tensor(picture)
        results = [restore_dialled(self.engine, one, dials, self.name, progress).pixels for one in given]
        restored = torch.stack([torch.from_numpy(result).permute(2, 0, 1) for result in results]).to(picture.device)
        return restored if picture.ndim == 4 else restored[0].contiguous()

    def _checked(self, keywords: Keywords) -> Dials:
        dials = Dials(**keywords)
        self.check(dials)
        return dials

    def check(self, dials: Dials) -> None:
        """Raises UsageError for what these weights cannot do."""
        if dials.texture and not self.generates:
            text = f"--texture {dials.texture:g}: {self.name} generates no texture; name other weights with --model"
            raise UsageError(text)


def _deployed(network: Harmonic) -> Harmonic:
    """A copy that is ready for work: fused where it is not yet, channels-last, evaluation mode, no gradients."""
    ready = fuse(network) if network.form == "train" else copy.deepcopy(network)
    return ready.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]
