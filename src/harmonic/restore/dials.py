"""What a user can dial, as one checked value, and how an engine follows it. What is off costs nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np

from harmonic.errors import UsageError
from harmonic.ops.eight_bit import decoded, encoded
from harmonic.ops.resize import resize_to
from harmonic.restore.engine import Engine, Mix, Progress, Result
from harmonic.restore.mask import Mask, blend, mask_weights
from harmonic.restore.size import Size, plan_size
from harmonic.restore.tile import round_up

_DETAIL_LIMIT = 2.0

Run = Callable[[np.ndarray, Progress | None], Result]


class Keywords(TypedDict, total=False):
    """The fields of `Dials`, as keywords."""

    strength: float
    detail: float
    texture: float
    seed: int
    ensemble: bool
    wrap: bool
    mask: Mask | None
    size: Size | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Dials:
    """strength: 0 (the input itself, bit for bit) to 1. detail: 0 to 2, scales texture apart from structure.

    texture: 0 to 1, how much generated texture is added, where the model has a texture head; the same seed gives the
    same texture. ensemble: the mean over eight flips and rotations, in eight times the time. wrap: the picture repeats
    like a tile, left goes on at the right and top at the bottom; exact where its sides are multiples of the grid.
    mask: where it is restored. size: of the result; None = all that the network gives.
    Raises UsageError.
    """

    strength: float = 1.0
    detail: float = 1.0
    texture: float = 0.0
    seed: int = 0
    ensemble: bool = False
    wrap: bool = False
    mask: Mask | None = None
    size: Size | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise UsageError(f"--strength {self.strength:g}: must be 0 (the input as it is) to 1 (restored in full)")
        if not 0 <= self.detail <= _DETAIL_LIMIT:
            limits = f"0 (no texture correction) to {_DETAIL_LIMIT:g}; 1 is neutral"
            raise UsageError(f"--detail {self.detail:g}: must be {limits}")
        if not 0 <= self.texture <= 1:
            raise UsageError(f"--texture {self.texture:g}: must be 0 (none is generated) to 1")
        if not 0 <= self.seed < 1 << 63:
            raise UsageError(f"--seed {self.seed}: must be 0 to {(1 << 63) - 1}")
        for other in ("ensemble", "wrap"):
            if self.texture and getattr(self, other):
                why = "the mean of eight textures is none" if other == "ensemble" else "generated texture has no period"
                raise UsageError(f"--{other} with --texture: {why}; drop one of them")

    @property
    def mix(self) -> Mix:
        return Mix(self.strength, self.detail, self.texture, self.seed)


def restore_dialled(
    engine: Engine, source: np.ndarray, dials: Dials, name: str, progress: Progress | None = None
) -> Result:
    """source (H, W, C) as `Engine.run` takes it -> pixels of the same type in the size that was asked for.

    name: of the model, for messages. Raises what `Engine.run`, `plan_size` and `mask_weights` raise.
    """
    network, (height, width) = engine.network, source.shape[:2]
    plan = None if dials.size is None else plan_size(dials.size, width, height, [network.scale], name)
    weights = None if dials.mask is None else mask_weights(dials.mask, height, width)

    def plain(array: np.ndarray, progress: Progress | None) -> Result:
        return engine.run(array, dials.mix, progress)

    run: Run = plain
    if dials.wrap:
        run = _wrapped(run, round_up(network.reach, network.grid), network.scale)
    if dials.ensemble and dials.strength:
        run = _ensemble(run)
    result = run(source, progress)
    if weights is not None:
        bare = source if network.scale == 1 else engine.run(source, Mix(strength=0.0)).pixels
        blend(bare, result.pixels, weights)
    return result if plan is None else replace(result, pixels=resize_to(result.pixels, plan.height, plan.width))


def _wrapped(run: Run, pad: int, scale: int) -> Run:
    """Padded by repetition with at least the reach, so that each border sees the opposite one; then cut.

    pad: a multiple of the grid, so that cells lie where they lie in the picture alone.
    """

    def wrapped(source: np.ndarray, progress: Progress | None) -> Result:
        result = run(np.pad(source, ((pad, pad), (pad, pad), (0, 0)), mode="wrap"), progress)
        inner = (slice(scale * pad, scale * (pad + side)) for side in source.shape[:2])
        return replace(result, pixels=result.pixels[tuple(inner)].copy())

    return wrapped


def _ensemble(run: Run) -> Run:
    """Self-ensemble: the mean over the eight symmetries of the square (Timofte et al., CVPR 2016), in float32."""

    def together(source: np.ndarray, progress: Progress | None) -> Result:
        samples, total, notes, result = decoded(source), None, set(), None
        for turn in range(8):
            shown = (
                None if progress is None else lambda done, whole, turn=turn: progress(turn * whole + done, 8 * whole)
            )
            result = run(_turned(samples, turn), shown)
            pixels = _turned_back(result.pixels, turn)
            total = pixels.copy() if total is None else np.add(total, pixels, out=total)
            notes |= set(result.notes)
        assert total is not None and result is not None
        total /= 8
        return replace(result, pixels=encoded(total, source.dtype), notes=tuple(sorted(notes)))

    return together


def _turned(array: np.ndarray, turn: int) -> np.ndarray:
    flipped = array[:, ::-1] if turn & 4 else array
    return np.ascontiguousarray(np.rot90(flipped, turn & 3))


def _turned_back(array: np.ndarray, turn: int) -> np.ndarray:
    straight = np.rot90(array, -(turn & 3))
    return straight[:, ::-1] if turn & 4 else straight
