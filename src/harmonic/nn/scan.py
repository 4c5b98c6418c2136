"""`StateSpace`: a state-space mixer that works on strips (seed §3, §13).

Sources: Mamba-2 (Dao and Gu, ICML 2024) for the selective scan with one decay per head, MambaIR (Guo et al., ECCV 2024)
for rows and columns in both directions. Their scans run through the whole picture; strips keep tiles exact, export,
and need no kernel of their own.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.norm import LayerNorm
from harmonic.nn.projection import Projection
from harmonic.ops.scan import strip_scan

LONGEST_STRIP = 16


class StateSpace(ProjectedMixer):
    """Mixer: scans along rows and along columns, both directions each, then norm and gate.

    (B, C, H, W), any H and W -> same shape. Strips of `strip` tokens start at absolute multiples of `strip`, moved up
    and left by `shift`, so that blocks with different shifts join the strips. Missing tokens take no part.
    """

    def __init__(self, channels: int, heads: int, states: int, strip: int = LONGEST_STRIP, shift: int = 0):
        super().__init__()
        if channels % heads:
            raise ValueError(f"channels ({channels}) must be a multiple of heads ({heads})")
        if not 2 <= strip <= LONGEST_STRIP or not 0 <= shift < strip:
            raise ValueError(f"strip must be 2 to {LONGEST_STRIP} and 0 <= shift < strip, got {strip} and {shift}")
        self.reach, self.grid = strip - 1, strip
        self.rows = LineScan(heads, states, strip, shift)
        self.columns = LineScan(heads, states, strip, shift)
        self.widths = [channels, channels, self.rows.drives, self.columns.drives]
        self.expand = nn.Conv2d(channels, sum(self.widths), 1)
        self.skip = nn.Parameter(torch.ones(channels))
        self.norm = LayerNorm(channels)
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        value, gate, rows, columns = self.expand(x).permute(0, 2, 3, 1).split(self.widths, -1)  # (B, H, W, ·)
        y = value * self.skip.to(value.dtype) + self.rows(value, rows)
        y = y + self.columns(value.transpose(1, 2), columns.transpose(1, 2)).transpose(1, 2)
        return self.norm(y.permute(0, 3, 1, 2)) * F.silu(gate.permute(0, 3, 1, 2))


class LineScan(nn.Module):
    """Scan every line in strips. values (B, lines, L, C), drive (B, lines, L, drives) -> (B, lines, L, C)

    The drive of a token holds its key and query (`states` each, shared by the heads) and a step width per head.
    """

    def __init__(self, heads: int, states: int, strip: int, shift: int):
        super().__init__()
        self.heads, self.states, self.strip, self.shift = heads, states, strip, shift
        self.drives = 2 * states + heads
        # Mamba-2's start: decay rates 1 to 16, steps log-uniform in [0.001, 0.1], written as softplus(bias).
        self.log_rate = nn.Parameter(torch.empty(heads).uniform_(1, 16).log())
        steps = torch.empty(heads).uniform_(math.log(1e-3), math.log(1e-1)).exp()
        self.step_bias = nn.Parameter(steps.expm1().log())

    def forward(self, values: Tensor, drive: Tensor) -> Tensor:
        length = values.shape[2]
        keys, queries, steps = drive.split([self.states, self.states, self.heads], -1)
        steps = F.softplus(steps.float() + self.step_bias.float())
        # Tokens beyond the map have step 0: they neither add to the state nor let it decay.
        values, keys, queries, steps = (self._strips(part) for part in (values, keys, queries, steps))
        values = values.unflatten(-1, (self.heads, -1)).transpose(-2, -3)  # (B, lines, n, heads, T, P)
        steps = steps.transpose(-1, -2)  # (B, lines, n, heads, T)
        decays = steps * self.log_rate.float().exp()[:, None]
        entering = values * steps[..., None].to(values.dtype)
        y = strip_scan(entering, decays, keys.unsqueeze(-3), queries.unsqueeze(-3))
        return y.transpose(-2, -3).flatten(-2).flatten(2, 3)[:, :, self.shift : self.shift + length]

    def _strips(self, x: Tensor) -> Tensor:
        """(B, lines, L, C) -> (B, lines, n, T, C), n strips, zeros where the map has no tokens"""
        count = (self.shift + x.shape[2] + self.strip - 1) // self.strip
        x = F.pad(x, (0, 0, self.shift, count * self.strip - self.shift - x.shape[2]))
        return x.unflatten(2, (count, self.strip))
