"""Selective scan over short strips of tokens, both directions at once, as matrix products.

Source: state space duality (Dao and Gu, "Transformers are SSMs", ICML 2024), section 6; the form here is symmetric.
"""

import torch
from torch import Tensor


def strip_scan(values: Tensor, decays: Tensor, keys: Tensor, queries: Tensor) -> Tensor:
    """values (..., T, P), decays (..., T) >= 0, keys and queries (..., T, N) -> (..., T, P)

    Equals the sum of a forward and a backward scan that count the token itself once,

        h[i] = exp(-decays[i])·h[i-1] + keys[i] ⊗ values[i]        y[i] = queries[i]·h[i]
        h[i] = exp(-decays[i+1])·h[i+1] + keys[i] ⊗ values[i]      (backward: the same decay between the same tokens)

    because both are one product `(Q Kᵀ ∘ M) V` with `M[i, j] = exp(-|s_i - s_j|)`, s the running sum of the decays.
    T is one strip, so nothing recurs. The exponent stays in fp32: in bf16 alone the error is some per cent.
    """
    place = decays.float().cumsum(-1)
    mask = torch.exp(-(place[..., :, None] - place[..., None, :]).abs())
    scores = (queries @ keys.transpose(-1, -2)).float() * mask
    return scores.to(values.dtype) @ values
