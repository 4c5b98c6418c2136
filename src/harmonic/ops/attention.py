"""Attention of tokens to tokens, many windows at once."""

import torch
import torch.nn.functional as F
from torch import Tensor

MASKED = -3e4
"""Score of a key that does not exist: its weight is exactly 0 in every precision. It fits fp16, and unlike minus
infinity it leaves a window that holds nothing but padding finite."""


def attend(q: Tensor, k: Tensor, v: Tensor, head_width: int, bias: Tensor | None, live: Tensor | None) -> Tensor:
    """Multi-head softmax attention, softmax accumulated in fp32. -> (B, N, Tq, C)

    q (B, N, Tq, C); k, v (B, N, Tk, C): N independent windows, C = heads·head_width.
    bias (heads, Tq, Tk): added to the scores of every window.
    live (N, Tk), bool: keys that take part; None: all.
    """
    B, N, queries, C = q.shape
    q, k, v = (t.reshape(B * N, t.shape[2], C // head_width, head_width).transpose(1, 2) for t in (q, k, v))
    mask = None if bias is None else bias.to(q.dtype)[None]
    if live is not None:
        keys = torch.where(live, 0.0, MASKED).to(q.dtype)[:, None, None, :]
        mask = keys.expand(N, 1, queries, -1) if mask is None else mask + keys
        mask = mask[None].expand(B, -1, -1, -1, -1).flatten(0, 1)
    y = F.scaled_dot_product_attention(q, k, v, mask)
    return y.transpose(1, 2).reshape(B, N, queries, C)
