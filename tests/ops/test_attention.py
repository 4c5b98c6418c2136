"""`attend` against softmax(q·k / sqrt(d) + bias)·v written out."""

import pytest
import torch

from harmonic.ops.attention import attend

torch.manual_seed(0)
B, N, Q, K, HEADS, D = 2, 3, 5, 7, 2, 4


def plain(q, k, v, bias, live):
    out = torch.zeros_like(q)
    for b in range(B):
        for n in range(N):
            keys = live[n].nonzero()[:, 0]
            for h in range(HEADS):
                at = slice(h * D, (h + 1) * D)
                score = q[b, n, :, at] @ k[b, n, keys, at].T * D**-0.5 + bias[h][:, keys]
                out[b, n, :, at] = score.softmax(-1) @ v[b, n, keys, at]
    return out


def sample():
    q, k, v = (torch.randn(B, N, t, HEADS * D, dtype=torch.float64) for t in (Q, K, K))
    live = torch.rand(N, K) < 0.6
    live[:, 0] = True
    return q, k, v, torch.randn(HEADS, Q, K, dtype=torch.float64), live


@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("with_mask", [False, True])
def test_attention_is_its_formula(with_bias, with_mask):
    q, k, v, bias, live = sample()
    expected = plain(q, k, v, bias if with_bias else 0 * bias, live if with_mask else torch.ones_like(live))
    found = attend(q, k, v, D, bias if with_bias else None, live if with_mask else None)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_masked_keys_have_no_weight_at_all_and_dead_windows_are_finite(dtype):
    q, k, v, bias, live = (t if t.dtype == torch.bool else t.to(dtype) for t in sample())
    live[1] = False
    other = torch.where(live[None, :, :, None], v, 100.0).to(dtype)
    found = attend(q, k, v, D, bias, live)
    assert found.isfinite().all()
    same = live.any(1)
    assert torch.equal(attend(q, k, other, D, bias, live)[:, same], found[:, same])
