"""`MoETextureBlock`: the canonical block of the HF branch, with experts in the place of the mixer (seed §4)."""

import torch
from torch import Tensor, nn
from torch.compiler import is_compiling

from harmonic.nn.block import ConvMixer, GatedFFN
from harmonic.nn.experts import DeblurExpert, DecompressExpert, DenoiseExpert, TextureExpert
from harmonic.nn.guide import Guide
from harmonic.nn.norm import LayerNorm
from harmonic.nn.router import Router
from harmonic.nn.routing import Routing
from harmonic.ops.gather import gather_cells, join_cells


class MoETextureBlock(nn.Module):
    """LN -> deterministic expert + sum of g_i·expert_i -> residual -> gated FFN -> residual.

    x (B, C, H, W), H and W multiples of `side`; guide with statistics (B, 7, H/side, W/side) -> x (B, C, H, W) and
    the router's decisions.
    The deterministic expert is always on: where no gate is open, this is a `Block` with
    `ConvMixer`. Maps and tiles start on multiples of `grid` = side.

    side: of a cell, 8 or 16 positions. block: positions of an 8-pixel block of JPEG in the input, which divides `side`
    (4 at scale 1, else 8). selected: experts per cell at most. kernel: of the deblurring expert. rank: of the texture
    expert.

    In evaluation an expert is computed only in the cells where it counts, which is faster even when nothing is skipped
    (docs/log.md); in training and in compiled and exported graphs, whose shapes must not depend on the picture,
    everywhere. Both give the same numbers.

    reach: positions of its own grid, both from x and from the far side of the cells of statistics.
    """

    def __init__(
        self,
        channels: int,
        ffn_ratio: float,
        ffn_depthwise: bool,
        cell_channels: int | None,
        *,
        block: int,
        side: int = 16,
        selected: int = 2,
        kernel: int = 9,
        rank: int = 16,
    ):
        super().__init__()
        if side % block:
            raise ValueError(f"block must divide the cell side ({side}), got {block}")
        self.side = self.grid = side
        self.norm1 = LayerNorm(channels)
        self.router = Router(channels, side, selected)
        self.deterministic = ConvMixer(channels, cell_channels)
        self.experts = nn.ModuleList(  # in the order of EXPERTS
            [
                DenoiseExpert(channels),
                DeblurExpert(channels, kernel),
                DecompressExpert(channels, block),
                TextureExpert(channels, rank),
            ]
        )
        self.norm2 = LayerNorm(channels)
        self.ffn = GatedFFN(channels, ffn_ratio, ffn_depthwise)
        self.costs = tuple(int(expert.cost) for expert in self.experts)  # pyright: ignore[reportArgumentType]
        self.reaches = tuple(int(expert.reach) for expert in self.experts)  # pyright: ignore[reportArgumentType]
        # A gate is blended from the two nearest cells per axis, whose far side is 1.5 sides away.
        self.reach = max(*self.reaches, 3 * side // 2 - 1) + int(ffn_depthwise)

    def forward(self, x: Tensor, guide: Guide) -> tuple[Tensor, Routing]:
        assert guide.statistics is not None, "a network with experts measures its input"
        y = self.norm1(x)
        routing = self.router(y, guide.statistics)
        routed = self._dense(y, routing) if self.training or is_compiling() else self._gathered(y, routing)
        x = x + self.deterministic(y, guide.cells) + routed
        return x + self.ffn(self.norm2(x)), routing

    def skipped(self, routing: Routing) -> Tensor:
        """Share of the experts' multiply-adds that the gathered form leaves out, 0 to 1. Halos are not counted."""
        costs = routing.gates.new_tensor(self.costs)
        return 1 - (routing.active.float().mean((0, 2, 3)) * costs).sum() / costs.sum()

    def _dense(self, y: Tensor, routing: Routing) -> Tensor:
        gates = routing.gate_maps(self.side).split(1, 1)
        outputs = [expert(y) for expert in self.experts]
        return torch.stack([gate.to(out.dtype) * out for gate, out in zip(gates, outputs, strict=True)]).sum(0)

    def _gathered(self, y: Tensor, routing: Routing) -> Tensor:
        _, C, H, W = y.shape
        gates = routing.gate_maps(self.side).split(1, 1)
        active = routing.active
        total = None
        for i, (expert, halo) in enumerate(zip(self.experts, self.reaches, strict=True)):
            chosen = active[:, i].flatten().nonzero()[:, 0]
            out = expert(gather_cells(y, chosen, self.side, halo), halo)
            out = out * gather_cells(gates[i], chosen, self.side, 0).to(out.dtype)
            if total is None:
                total = out.new_zeros(active[:, i].numel(), self.side, self.side, C)
            total = total.index_add(0, chosen, out.permute(0, 2, 3, 1))
        assert total is not None
        return join_cells(total.permute(0, 3, 1, 2), H, W)
