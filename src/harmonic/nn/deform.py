"""`DeformableAttn`: attention to neighbours that were fetched from elsewhere (seed §5, §13).

Source: DSwinIR (Wu et al., 2025): one resampling, then a plain neighbourhood. Unlike there, offsets are in positions
and bounded, and zero offsets are exactly the plain neighbourhood attention (theirs moves everything by half a pixel).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.norm import LayerNorm
from harmonic.nn.projection import Projection
from harmonic.ops.sample import displace


class DeformableAttn(ProjectedMixer):
    """Mixer: keys and values are resampled once per head, then each position attends to `kernel`² of them.

    (B, C, H, W), any H and W -> same shape. Offsets are `bound`·tanh(·) positions per axis, zero at the start.
    `reach`: the neighbour, its offset and the second sample of the bilinear pair. (The offset of a position comes from
    3x3 queries, which lie nearer.)
    """

    def __init__(self, channels: int, heads: int, kernel: int = 3, bound: int = 4):
        super().__init__()
        if channels % heads:
            raise ValueError(f"channels ({channels}) must be a multiple of heads ({heads})")
        if kernel % 2 == 0 or bound < 1:
            raise ValueError(f"kernel must be odd and bound at least 1, got {kernel} and {bound}")
        self.heads, self.kernel, self.bound = heads, kernel, bound
        self.reach, self.grid = kernel // 2 + bound + 1, 1
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.offset_local = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.offset_norm = LayerNorm(channels)
        self.offset = nn.Conv2d(channels, 2 * heads, 1)
        nn.init.zeros_(self.offset.weight)
        nn.init.zeros_(self.offset.bias)  # type: ignore[arg-type]
        self.bias = nn.Parameter(torch.zeros(kernel * kernel, heads))  # per relative position
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        query, key, value = self.qkv(x).chunk(3, 1)
        offsets = self.offsets(query)
        query, key, value = (part.permute(0, 2, 3, 1).unflatten(-1, (self.heads, -1)) for part in (query, key, value))
        key, value = displace(torch.cat([key, value], -1), offsets).chunk(2, -1)
        return self._attend(query, key, value).flatten(-2).permute(0, 3, 1, 2)

    def offsets(self, query: Tensor) -> Tensor:
        """query (B, C, H, W) -> (B, H, W, heads, 2): (dy, dx) in positions, within ± bound, fp32"""
        y = self.offset(F.gelu(self.offset_norm(self.offset_local(query))))
        return self.bound * y.float().tanh().permute(0, 2, 3, 1).unflatten(-1, (self.heads, 2))

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Softmax over the kernel² neighbours that lie in the map. (B, H, W, heads, d) each -> same shape"""
        keys, values = self._neighbours(key), self._neighbours(value)
        inside = torch.stack(self._neighbours(torch.ones_like(key[:1, :, :, :1, 0])))  # (kernel², 1, H, W, 1)
        # Neighbours come first: a softmax over a short last dimension is several times slower.
        scores = torch.stack([torch.linalg.vecdot(query, k) for k in keys]).float() * query.shape[-1] ** -0.5
        scores = scores + self.bias.float()[:, None, None, None]
        weights = scores.masked_fill(inside == 0, float("-inf")).softmax(0)
        result = scores.new_zeros(())
        for weight, neighbour in zip(weights, values, strict=True):
            result = torch.addcmul(result, neighbour, weight[..., None])
        return result.to(value.dtype)

    def _neighbours(self, x: Tensor) -> list[Tensor]:
        """The map moved so that each neighbour lies on its position, zeros from outside. (B, H, W, ...) each"""
        H, W = x.shape[1:3]
        r = self.kernel // 2
        x = F.pad(x, [0, 0] * (x.ndim - 3) + [r] * 4)
        return [x[:, i : i + H, j : j + W] for i in range(self.kernel) for j in range(self.kernel)]
