"""The scan as matrix products against the loop that it stands for."""

import torch

from harmonic.ops.scan import strip_scan


def sequential(values, decays, keys, queries):
    """Both scans token by token, as the docstring writes them. Inputs (T, P), (T,), (T, N), (T, N)."""
    T, P = values.shape
    result = torch.zeros(T, P, dtype=values.dtype)
    state = torch.zeros(keys.shape[1], P, dtype=values.dtype)
    for i in range(T):
        state = torch.exp(-decays[i]) * state + torch.outer(keys[i], values[i])
        result[i] += queries[i] @ state
    state = torch.zeros_like(state)
    for i in reversed(range(T)):
        if i + 1 < T:
            state = torch.exp(-decays[i + 1]) * state
        result[i] += queries[i] @ state  # without the token itself: the forward scan has counted it
        state = state + torch.outer(keys[i], values[i])
    return result


def _inputs(T: int, dtype: torch.dtype = torch.float32):
    generator = torch.Generator().manual_seed(T)
    values, keys, queries = (torch.randn(2, 3, T, n, generator=generator, dtype=dtype) for n in (8, 5, 5))
    return values, 2 * torch.rand(2, 3, T, generator=generator, dtype=dtype), keys, queries


def _looped(values, decays, keys, queries):
    rows = [sequential(*(part[b, h] for part in (values, decays, keys, queries))) for b in range(2) for h in range(3)]
    return torch.stack(rows).reshape(values.shape)


def test_it_equals_the_sequential_loop():
    for T in (1, 2, 7, 16):
        inputs = _inputs(T)
        torch.testing.assert_close(strip_scan(*inputs), _looped(*inputs), atol=1e-5, rtol=1e-5)


def test_tokens_that_bring_nothing_change_nothing():
    values, decays, keys, queries = _inputs(8)
    padded = [torch.cat([part, torch.randn_like(part[:, :, :3])], 2) for part in (keys, queries)]
    values = torch.nn.functional.pad(values, (0, 0, 0, 3))
    longer = strip_scan(values, torch.nn.functional.pad(decays, (0, 3)), *padded)
    torch.testing.assert_close(longer[:, :, :8], strip_scan(*_inputs(8)))


def test_strong_decays_and_short_floats_stay_finite():
    values, decays, keys, queries = (part.bfloat16() for part in _inputs(16))
    y = strip_scan(values, 1e4 * decays, keys, queries)
    assert y.dtype == torch.bfloat16 and y.isfinite().all()
    exact = strip_scan(*(part.float() for part in (values, decays, keys, queries)))
    assert (strip_scan(values, decays, keys, queries).float() - exact).abs().max() < 2e-2 * exact.abs().max()
