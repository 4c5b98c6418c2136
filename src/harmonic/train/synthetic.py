"""Synthetic training pictures: what small collections of photographs lack, drawn afresh for every sample.

Waves up to the finest that the grid holds, glyphs, sharp edges, thin lines, flat areas, fine textures, mosaics,
screens. All are clean: antialiased, without noise, rounded once, and but for screens unclipped.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from harmonic.train.drawings import edges, grids, leaves, screens, texts
from harmonic.train.fields import flat_areas, gratings, textures

Kind = Literal["grating", "text", "edges", "grid", "flat", "texture", "leaves", "screen"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def synthetic_picture(rng: np.random.Generator, height: int, width: int, kind: Kind | None = None) -> np.ndarray:
    """A picture (height, width, 3) uint8, a function of the generator's state; None draws the kind as well.

    Costs some milliseconds for 96 x 96 and grows with the area. Raises ValueError for an unknown kind or no pixels.
    """
    if height < 1 or width < 1:
        raise ValueError(f"a picture needs at least one pixel, got {height}x{width}")
    if kind is None:
        kind = KINDS[rng.integers(len(KINDS))]
    picture = _maker(kind)(rng, height, width)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def _maker(kind: Kind) -> Callable[[np.random.Generator, int, int], np.ndarray]:
    match kind:
        case "grating":
            return gratings
        case "text":
            return texts
        case "edges":
            return edges
        case "grid":
            return grids
        case "flat":
            return flat_areas
        case "texture":
            return textures
        case "leaves":
            return leaves
        case "screen":
            return screens
        case _:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
