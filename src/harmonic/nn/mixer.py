"""What a canonical block mixes positions with."""

from torch import nn


class Mixer(nn.Module):
    """forward(x normalised (B, C, H, W), `Cells` of (B, C0, h, w) or None) -> (B, C, H, W), ending in a small scale.

    reach: how far an output position sees, in positions of its own grid, per axis. Cells of channel attention are not
    counted: the network counts them once.
    grid: a tile that starts on a multiple of this many positions gives the numbers of the whole map.
    """

    reach: int
    grid: int
