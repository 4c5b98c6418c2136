"""What the network may know about the whole picture: a few global tokens (seed §5, §11; design §2).

They are computed once per picture and handed to each of its tiles, so that tiles stay exact although something global
takes part.
"""

import torch
from torch import Tensor, nn

from harmonic.nn.attention import MAX_HEAD_WIDTH, head_count
from harmonic.nn.block import Block, ConvMixer
from harmonic.nn.guide import Context, Guide
from harmonic.nn.projection import Projection
from harmonic.nn.resample import Downsample
from harmonic.ops.attention import attend
from harmonic.ops.shuffle import unshuffle

TOKENS = 16
"""Global tokens of a picture: 4 x 4 from its thumbnail."""


class ContextEncoder(nn.Module):
    """Thumbnails (B, 3, 32, 32) of whole pictures -> `Context` of (B, 16, width).

    present (B,), bool: samples without it get the learned null tokens, as training does at random; None: all present.
    """

    def __init__(self, width: int):
        super().__init__()
        self.embed = nn.Conv2d(3 * 16, width, 3, padding=1)  # 8 x 8 patches of 4 x 4 pixels
        self.fine = Block(ConvMixer(width, None), width, 1.0, False)
        self.down = Downsample(width, width)
        self.coarse = Block(ConvMixer(width, None), width, 1.0, False)
        self.norm = nn.LayerNorm(width)
        self.null_tokens = nn.Parameter(torch.randn(TOKENS, width))

    def forward(self, thumbnails: Tensor, present: Tensor | None = None) -> Context:
        x = self.fine(self.embed(unshuffle(thumbnails, 4)), Guide())
        x = self.coarse(self.down(x), Guide())
        tokens = self.norm(x.flatten(2).transpose(1, 2))
        if present is not None:
            tokens = torch.where(present[:, None, None], tokens, self.null_tokens.to(tokens.dtype))
        return Context(tokens)

    def null(self, batch: int) -> Context:
        """The learned context of `batch` pictures of which nothing is known."""
        return Context(self.null_tokens.expand(batch, -1, -1))


class GlobalTokens(nn.Module):
    """Every position asks the global tokens. x normalised (B, C, H, W), context of (B, T, width) -> (B, C, H, W)

    An addition to a mixer's output. Costs 2C² + 2TC multiply-adds per position; needs no windows, since all positions
    see the same tokens. reach 0, grid 1.
    """

    def __init__(self, channels: int, width: int, head_width: int = MAX_HEAD_WIDTH):
        super().__init__()
        head_count(channels, head_width)
        self.head_width = head_width
        self.query = nn.Conv2d(channels, channels, 1, bias=False)
        self.key_value = nn.Linear(width, 2 * channels, bias=False)
        self.project = Projection(channels, channels)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        B, C, H, W = x.shape
        q = self.query(x).permute(0, 2, 3, 1).reshape(B, 1, H * W, C)
        k, v = self.key_value(context.tokens)[:, None].chunk(2, -1)
        y = attend(q, k, v, self.head_width, None, None)
        return self.project(y.reshape(B, H, W, C).permute(0, 3, 1, 2))
