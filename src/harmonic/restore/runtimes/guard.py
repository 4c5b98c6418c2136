"""Every tile is looked at before it counts: finite, and its texture without cell means (design §1, L2; §10).

A tile that fails is done again by the next of several runtimes, each safer than the one before: what fails may be a
precision, a runtime or the weights. Nothing that failed ever reaches a picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harmonic.errors import PictureError
from harmonic.nn.guide import Context
from harmonic.nn.parts import Parts
from harmonic.ops.band import cell_mean
from harmonic.ops.noise import Noise
from harmonic.restore.runtimes.runtime import Runtime

# L2 allows 1e-6 of the largest value before projection. Parts no longer hold it, so the bound is ten times that of the
# largest correction, and never less than one 16-bit level, which nobody can see.
_RELATIVE, _LEAST = 1e-5, 1.5e-5


@dataclass(frozen=True)
class Attempt:
    """A runtime, made when it is first needed, and what the user hears when it had to step in."""

    runtime: Callable[[], Runtime]
    note: str = ""


def run_guarded(
    attempts: Sequence[Attempt],
    cell: int,
    x: Tensor,
    context: Context | None,
    noise: Noise | None,
    tell: Callable[[str], None],
) -> Parts:
    """The parts of the first attempt without fault. x (B, 3, H, W); cell: K, of the output.

    tell: called with the note of a later attempt that succeeded. Raises PictureError when none does.
    """
    found = "no runtime"
    if not x.isfinite().all():
        raise PictureError("the result is not finite because of the picture itself; use others")
    for attempt in attempts:
        parts = attempt.runtime()(x, context, noise)
        found = fault(parts, cell)
        if found is None:
            if attempt.note:
                tell(attempt.note)
            return parts
    raise PictureError(f"the result is {found} because of the weights; use others")


def fault(parts: Parts, cell: int) -> str | None:
    """What is wrong with these parts, in words; None for nothing. cell: K, side of a band cell in output pixels."""
    texture = parts.hf if parts.texture is None else parts.hf + parts.texture
    largest = (parts.lf.abs().amax() + texture.abs().amax()).item()
    # inf and nan survive abs, amax and a sum, so one number tells of all.
    if not parts.base.isfinite().all() or not torch.tensor(largest).isfinite():
        return "not finite"
    height, width = (side // cell * cell for side in texture.shape[-2:])  # cells that lie whole inside the picture
    if height and width:
        moved = cell_mean(texture[..., :height, :width], cell).abs().amax().item()
        if moved > max(_RELATIVE * largest, _LEAST):
            return f"not consistent (texture moves cell means by {moved:.1g})"
    return None
