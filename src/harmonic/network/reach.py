"""How far an output pixel sees, in input pixels, computed from the configuration (law L3).

Every convolution of radius r at stride s (input pixels) moves the farthest dependency by at most r·s. Going to a
coarser grid of stride s aligns the dependency outwards to that grid, by at most s minus the stride it comes from.
"""

import math

from harmonic.network.config import NetworkConfig
from harmonic.nn.cells import CELL


def grid(config: NetworkConfig) -> int:
    """Tiles and padding start on multiples of this many input pixels: attention cells contain all other grids."""
    return CELL


def reach(config: NetworkConfig) -> int:
    """Upper bound of the distance, per axis, between an output pixel and an input pixel it depends on."""
    s0, s1, s2 = (config.stride * k for k in (1, 2, 4))
    s_out = 1 / config.scale  # stride of output pixels
    block = 1 + int(config.ffn_depthwise)  # radius of a canonical block, own grid

    embed = s0
    encode0 = embed + config.encoder[0] * block * s0
    encode1 = s0 + config.encoder[1] * block * s1  # with the 3x3 of down0
    coarse = s1 + config.bottleneck * block * s2  # with the 3x3 of down1
    rise = s1  # 3x3 of up1
    decode1 = config.decoder[1] * block * s1
    decode0 = s0 + config.decoder[0] * block * s0  # with the 3x3 of up0

    tail = s0  # PlainTail
    if config.hf is not None:
        tail = config.hf.blocks * block * s0 + s_out  # the last 3x3
    low = 0.0
    if config.lf is not None:
        large = config.lf.kernel // 2 + int(config.ffn_depthwise)
        low = config.lf.blocks * large * s1
    fused = config.fusion is not None
    low_to_high = low + (s1 if fused else 0)  # bilinear lift at fusion0

    # Backwards from the pixels: S spreads 3 cells; then the texture or the structure stream, up to the coarsest grid.
    bands = 3 * s1 + (s1 - s_out)
    texture = tail + decode0 + max(decode1, low_to_high if fused else 0) + rise
    structure = low + decode0 + decode1 + rise if fused else low + rise
    farthest = bands + max(texture, structure) + coarse + encode1 + (s2 - s1)
    if config.channel_attention:
        # A gate is blended from the two nearest cells per axis: the far side of the farther one is 1.5 cells away.
        farthest += 1.5 * CELL
    return math.ceil(farthest + encode0)
