"""How far an output pixel sees, in input pixels, and on what grid tiles may start (laws L3 and L4).

Both are sums over the blocks of a network, each of which states its own reach and grid in positions of its map. Going
to a coarser grid of stride s aligns a dependency outwards to that grid, by at most s minus the stride it comes from.
"""

import math
from typing import TYPE_CHECKING

from harmonic.network.blocks import Fusion
from harmonic.nn.cells import CELL

if TYPE_CHECKING:
    from harmonic.network.harmonic import Harmonic


def grid(network: "Harmonic") -> int:
    """Tiles start on multiples of this many input pixels, so that all cells and windows are those of the picture."""
    return math.lcm(CELL, multiple(network))


def multiple(network: "Harmonic") -> int:
    """Sides are padded to multiples of this many input pixels: whole positions and windows at every level.

    Cells of channel attention and of a texture head may end with the picture.
    """
    s0, s1, s2 = (network.config.stride * k for k in (1, 2, 4))
    grids = [s0 * network.enc0.grid, s1 * network.enc1.grid, s2 * network.bottleneck.grid]
    grids += [s1 * network.dec1.blocks.grid, s0 * network.dec0.blocks.grid]
    if network.lf is not None:
        grids.append(s1 * network.lf.blocks.grid)
    if network.hf is not None:
        grids.append(s0 * network.hf.blocks.grid)
    grids += [s1 * fusion.grid for fusion in (network.fusion1, network.fusion0) if fusion is not None]
    return math.lcm(*grids)


def reach(network: "Harmonic") -> int:
    """Upper bound of the distance, per axis, between an output pixel and an input pixel it depends on."""
    config = network.config
    s0, s1, s2 = (config.stride * k for k in (1, 2, 4))
    s_out = 1 / config.scale  # stride of output pixels

    # Backwards from a pixel. S spreads 3 cells, after the pixel was aligned to its own.
    bands = 3 * s1 + (s1 - s_out)
    # How far each stream sees in h0 and l, the streams after the last fusion, from the edge of a cell.
    texture, structure = float(s0), 0.0  # with a PlainTail
    if network.hf is not None:
        tail = 1.0  # the last 3x3, on the grid of the input
        if network.hf.texture is not None:
            tail = max(tail, network.hf.texture.reach * s_out)
        texture = _aligned(tail, s0) + network.hf.blocks.reach * s0
    structure, texture = _meet(network.fusion0, structure, _aligned(texture, s1), s1)
    texture = _aligned(texture + s0 + network.dec0.blocks.reach * s0, s1)  # with the 3x3 of up0
    structure, texture = _meet(network.fusion1, structure, texture, s1)
    texture += network.dec1.blocks.reach * s1
    structure += network.lf.blocks.reach * s1 if network.lf is not None else 0
    coarse = s1 + network.bottleneck.reach * s2 + s1  # the 3x3 of up1 and of down1
    farthest = bands + max(structure, texture) + coarse + (s2 - s1) + network.enc1.reach * s1
    # The first features, by the 3x3 of down0 or by a gate. That is blended from the two nearest cells per axis: the far
    # side of the farther one is 1.5 cells away.
    farthest += max(s0, 1.5 * CELL) if network.pools else s0
    return math.ceil(farthest + network.enc0.reach * s0 + s0)  # with the 3x3 of the embedding


def _aligned(distance: float, stride: int) -> float:
    """From the edge of a cell outwards to whole positions of a grid whose stride divides the cell."""
    return math.ceil(distance / stride) * stride


def _meet(fusion: Fusion | None, structure: float, texture: float, stride: int) -> tuple[float, float]:
    """Before a fusion both streams are needed as far as either is after it, and as far as the fusion looks."""
    if fusion is None:
        return structure, texture
    both = max(structure, texture) + fusion.reach * stride
    return both, both


def reach_of_parts(network: "Harmonic") -> dict[str, int]:
    """What each part adds, in input pixels, by dotted name: its own reach times the stride of its map."""
    config = network.config
    s0, s1, s2 = (config.stride * k for k in (1, 2, 4))
    reaches = {"embed": s0, "down0": s0, "down1": s1, "up1": s1, "up0": s0}  # a 3x3 each
    stages = {
        "enc0": (network.enc0, s0),
        "enc1": (network.enc1, s1),
        "bottleneck": (network.bottleneck, s2),
        "dec1": (network.dec1.blocks, s1),
        "dec0": (network.dec0.blocks, s0),
        "lf": (network.lf.blocks if network.lf else None, s1),
        "hf": (network.hf.blocks if network.hf else None, s0),
        "fusion1": (network.fusion1, s1),
        "fusion0": (network.fusion0, s1),
    }
    return reaches | {name: stage.reach * stride for name, (stage, stride) in stages.items() if stage is not None}
