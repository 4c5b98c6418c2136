"""MoCE-IR as a peer, written from the paper: Zamfir et al., CVPR 2025 (arXiv:2411.18466).

Restormer's U-Net, whose decoder sends each picture to one of four experts of graded cost. Kindnesses to it: noise in
its router in training alone, a batch that equals its pictures one by one, and a high-pass that stays what it is; its
published code differs in these.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.measure.peers.restormer import ChannelAttention, GatedFFN, TransformerBlock, doubled, halved
from harmonic.nn.norm import LayerNorm

EXPERTS = 4
BALANCE = 0.01
"""Weight of the balance term, for the mean over the blocks, as published."""


class CrossAttention(nn.Module):
    """Attention between the channels of two maps. x (queries), y (keys, values): (B, C, H, W) -> same shape."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.query = _spread(channels, channels, 3)
        self.key_value = _spread(channels, 2 * channels, 7)
        self.project = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        B, C, H, W = x.shape
        q = self.query(x).reshape(B, self.heads, C // self.heads, H * W)
        k, v = self.key_value(y).reshape(B, 2, self.heads, C // self.heads, H * W).unbind(1)
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        return self.project((scores.softmax(-1).to(v.dtype) @ v).reshape(B, C, H, W))


class FourierProduct(nn.Module):
    """Queries convolved with keys in a circle within windows, by the product of their spectra. (B, C, H, W) -> same."""

    def __init__(self, channels: int, window: int):
        super().__init__()
        self.window = window
        self.query = _spread(channels, channels, 3)
        self.key_value = _spread(channels, 2 * channels, 7)
        self.norm = LayerNorm(channels)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        k, v = self.key_value(x).chunk(2, 1)
        product = torch.fft.rfft2(self._windows(self.query(x))) * torch.fft.rfft2(self._windows(k))
        y = torch.fft.irfft2(product, s=(self.window, self.window))
        y = y.permute(0, 1, 2, 4, 3, 5).flatten(4).flatten(2, 3)[..., :height, :width]
        return self.project(self.norm(y.to(v.dtype).contiguous(memory_format=torch.channels_last)) * v)

    def _windows(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, rows, columns, window, window), fp32; zeros where the picture ends."""
        x = F.pad(x.float(), (0, -x.shape[-1] % self.window, 0, -x.shape[-2] % self.window))
        return x.unfold(2, self.window, self.window).unfold(3, self.window, self.window)


class Expert(nn.Module):
    """x and what is shared: (B, C, H, W) -> same shape, in `rank` channels."""

    def __init__(self, channels: int, rank: int, window: int):
        super().__init__()
        self.reduce = nn.Conv2d(channels, rank, 1, bias=False)
        self.gate = nn.Conv2d(channels, rank, 1, bias=False)
        self.body = FourierProduct(rank, window)
        self.enlarge = nn.Conv2d(rank, channels, 1, bias=False)

    def forward(self, x: Tensor, shared: Tensor) -> Tensor:
        return x + self.enlarge(self.body(self.reduce(x)) * F.silu(self.gate(shared)))


class Complexity(nn.Module):
    """One expert for each picture, times its probability. x, shared: (B, C, H, W); cue: (B, D) -> (B, C, H, W).

    Ranks of an eighth to all of the channels, windows of 4 to 32. Those that cost more count for more in the balance.
    """

    cost: Tensor

    def __init__(self, channels: int, cue: int):
        super().__init__()
        self.experts = nn.ModuleList(
            Expert(channels, max(1, channels // 2 ** (EXPERTS - 1 - i)), 4 * 2**i) for i in range(EXPERTS)
        )
        self.by_features = nn.Linear(channels, EXPERTS, bias=False)
        self.by_cue = nn.Linear(cue, EXPERTS, bias=False)
        self.project = nn.Conv2d(channels, channels, 1, bias=False)
        sizes = torch.tensor([float(sum(p.numel() for p in expert.parameters())) for expert in self.experts])
        self.register_buffer("cost", sizes / sizes.max(), persistent=False)

    def forward(self, x: Tensor, cue: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
        """-> the features, and the balance term."""
        logits = self.by_features(x.mean((2, 3))).float() + self.by_cue(cue).float()
        spread = 1 / EXPERTS
        noisy = logits + spread * torch.randn_like(logits) if self.training else logits
        gate, chosen = noisy.softmax(-1).max(-1)
        y = torch.zeros_like(x)
        for index, expert in enumerate(self.experts):
            rows = (chosen == index).nonzero()[:, 0]
            if len(rows):
                y = y.index_add(0, rows, expert(x[rows], shared[rows]).to(y.dtype))
        importance = logits.softmax(-1).sum(0) * self.cost
        load = torch.special.ndtr((logits - noisy.amax(-1, keepdim=True)) / spread).mean(0)
        return self.project(y * gate.to(y.dtype)[:, None, None, None]), _variation(importance) / 2 + _variation(
            load
        ) / 2


class ExpertBlock(nn.Module):
    """A block of the decoder: shared attention and an expert, joined by attention between them, then the FFN."""

    def __init__(self, channels: int, heads: int, ratio: float, cue: int):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm(channels), LayerNorm(channels)
        self.to_shared, self.to_expert = nn.Conv2d(channels, channels, 1), nn.Conv2d(channels, channels, 1)
        self.shared = ChannelAttention(channels, heads)
        self.expert = Complexity(channels, cue)
        self.join = CrossAttention(channels, heads)
        self.ffn = GatedFFN(channels, ratio)

    def forward(self, x: Tensor, cue: Tensor) -> tuple[Tensor, Tensor]:
        y = self.norm1(x)
        shared = self.shared(self.to_shared(y))
        own, balance = self.expert(self.to_expert(y), cue, shared)
        x = x + self.join(own, shared)
        return x + self.ffn(self.norm2(x)), balance


class MoCEIR(nn.Module):
    """x (B, 3, H, W) -> same shape, fp32. The defaults are the published small form: 11.42 M parameters, of whose
    11.48 M biases of the encoder's blocks (0.055) and the high-pass are not here.

    shrink: side of the squares of pixels that the stem takes together, as in Restormer here.
    """

    def __init__(
        self,
        channels: int = 32,
        blocks: tuple[int, int, int, int] = (4, 6, 6, 8),
        decoder: tuple[int, int, int] = (2, 4, 4),
        refinement: int = 4,
        heads: tuple[int, int, int, int] = (1, 2, 4, 8),
        ratio: float = 2.0,
        shrink: int = 1,
    ):
        super().__init__()
        self.multiple = 8 * shrink
        widths = [channels * 2**level for level in range(4)]

        def stage(level: int, count: int) -> nn.Sequential:
            return nn.Sequential(*(TransformerBlock(widths[level], heads[level], ratio) for _ in range(count)))

        embed = nn.Conv2d(3 * shrink**2, channels, 3, padding=1, bias=False)
        self.embed = nn.Sequential(nn.PixelUnshuffle(shrink), embed)
        self.encoder = nn.ModuleList(stage(level, blocks[level]) for level in range(3))
        self.down = nn.ModuleList(halved(c) for c in widths[:3])
        self.latent = stage(3, blocks[3])
        self.cue = nn.Sequential(
            nn.Linear(widths[3], 2 * widths[3]), nn.GELU(), nn.Linear(2 * widths[3], widths[3])
        )  # fmt: skip
        self.up = nn.ModuleList(doubled(c) for c in widths[1:])
        self.reduce = nn.ModuleList(nn.Conv2d(2 * c, c, 1, bias=False) for c in widths[:3])
        self.decoder = nn.ModuleList(
            nn.ModuleList(ExpertBlock(widths[level], heads[level], ratio, widths[3]) for _ in range(decoder[level]))
            for level in range(3)
        )
        self.refinement = stage(0, refinement)
        out = nn.Conv2d(channels, 3 * shrink**2, 3, padding=1, bias=False)
        self.out = nn.Sequential(out, nn.PixelShuffle(shrink))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple), mode="replicate")
        x = x.contiguous(memory_format=torch.channels_last)
        y, skips = self.embed(x), []
        for stage, down in zip(self.encoder, self.down, strict=True):
            y = stage(y)
            skips.append(y)
            y = down(y)
        y = self.latent(y)
        cue = self.cue(_high_energy(y))
        terms = []
        for level in (2, 1, 0):
            y = self.reduce[level](torch.cat([self.up[level](y), skips[level]], 1))
            blocks: Any = self.decoder[level]
            for block in blocks:
                y, balance = block(y, cue)
                terms.append(balance)
        y = self.out(self.refinement(y)).float() + x
        if self.training:
            y = AlsoTrains.apply(y, BALANCE * torch.stack(terms).mean())
        return y[..., :height, :width]


class AlsoTrains(torch.autograd.Function):
    """A map as it is; whatever is minimised through it, `loss` (a scalar) is minimised as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, loss: Tensor) -> Tensor:
        ctx.loss_like = loss.detach()
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        return gradients[0], torch.ones_like(ctx.loss_like)


def _high_energy(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C): the mean of GELU of a fixed Laplacian of each channel."""
    kernel = x.new_full((1, 1, 3, 3), -1.0)
    kernel[..., 1, 1] = 8.0
    return F.gelu(F.conv2d(x, kernel.expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])).mean((2, 3))


def _variation(x: Tensor) -> Tensor:
    """Variance over the squared mean of a vector."""
    return x.var() / (x.mean() + 1e-8).square()


def _spread(channels: int, out: int, side: int) -> nn.Sequential:
    """1x1, then depthwise."""
    return nn.Sequential(
        nn.Conv2d(channels, out, 1, bias=False), nn.Conv2d(out, out, side, padding=side // 2, groups=out)
    )
