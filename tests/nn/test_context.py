"""Global tokens and the hybrid attention that asks them."""

import pytest
import torch
from torch import nn

from harmonic.network.stages import Stage
from harmonic.nn.attention import WindowAttention
from harmonic.nn.context import TOKENS, ContextEncoder, GlobalTokens
from harmonic.nn.guide import Context, Guide
from harmonic.nn.hybrid_attention import HybridAttn

CHANNELS, WIDTH, HEAD = 8, 12, 4


def features(height: int, width: int, batch: int = 1, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(batch, CHANNELS, height, width, dtype=dtype).contiguous(memory_format=torch.channels_last)


def fresh() -> Stage:
    """Near windows and lattice windows in turn, both shifted the second time."""
    torch.manual_seed(0)
    return Stage(
        HybridAttn(
            WindowAttention(CHANNELS, 4, i > 1, 1 + i % 2, HEAD),
            GlobalTokens(CHANNELS, WIDTH, HEAD),
            CHANNELS,
            1.0,
            True,
        )
        for i in range(4)
    )


def hybrid() -> Stage:
    module = fresh()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.4)
    return module.eval()


def context(batch: int = 1, dtype: torch.dtype = torch.float32) -> Context:
    torch.manual_seed(2)
    return Context(torch.randn(batch, TOKENS, WIDTH, dtype=dtype))


def test_an_encoder_mixes_known_and_unknown_pictures_in_one_batch():
    torch.manual_seed(0)
    encoder = ContextEncoder(WIDTH)
    thumbnails = torch.rand(3, 3, 32, 32)
    known = encoder(thumbnails).tokens
    assert known.shape == (3, TOKENS, WIDTH)
    mixed = encoder(thumbnails, torch.tensor([True, False, True])).tokens
    assert torch.equal(mixed[::2], known[::2])
    assert torch.equal(mixed[1:2], encoder.null(1).tokens)
    torch.testing.assert_close(encoder(thumbnails[1:2]).tokens, known[1:2])


def test_a_context_does_not_change():
    with pytest.raises(AttributeError):
        context().tokens = torch.zeros(1)  # type: ignore[misc]


def test_positions_ask_the_tokens_one_by_one():
    torch.manual_seed(0)
    ask, x, known = GlobalTokens(CHANNELS, WIDTH, HEAD).double(), features(3, 5, 2, torch.float64), context(2).tokens
    known = known.double()
    expected = torch.zeros_like(x)
    k, v = ask.key_value(known).chunk(2, -1)
    for head in range(CHANNELS // HEAD):
        at = slice(head * HEAD, (head + 1) * HEAD)
        score = torch.einsum("bchw,btc->bhwt", ask.query(x)[:, at], k[..., at]) * HEAD**-0.5
        expected[:, at] = torch.einsum("bhwt,btc->bchw", score.softmax(-1), v[..., at])
    found = ask(x, Context(known))
    torch.testing.assert_close(found, ask.project(expected))
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_hybrid_attention_sees_the_context():
    module, x = hybrid(), features(12, 20)
    assert module.reach == 2 * (3 + 1) + 2 * (6 + 1) and module.grid == 8
    known, other = context(), Context(context().tokens + torch.randn(1, TOKENS, WIDTH))
    assert not torch.allclose(module(x, Guide(context=known)), module(x, Guide(context=other)))


def test_hybrid_attention_reaches_no_farther_than_it_says():
    module, known, farthest = hybrid().double(), context(dtype=torch.float64), 0
    with torch.inference_mode():
        for at in range(24, 32):
            x = features(56, 56, 1, torch.float64)
            x[..., at, at] = torch.nan
            hit = module(x, Guide(context=known)).isnan().any(1)[0].any(0).nonzero()[:, 0]
            farthest = max(farthest, int((hit - at).abs().max()))
    assert module.reach / 2 < farthest <= module.reach


def test_tiles_with_one_context_have_the_numbers_of_the_whole():
    module, known = hybrid(), context()
    x, first, reach = features(80, 76), module.grid, module.reach
    with torch.inference_mode():
        whole, tile = module(x, Guide(context=known)), module(x[..., first:-4, first:-4], Guide(context=known))
    inner = (slice(None), slice(None), slice(reach, -reach), slice(reach, -reach))
    torch.testing.assert_close(tile[inner], whole[..., first:-4, first:-4][inner], atol=1e-4, rtol=1e-5)


def test_a_batch_is_its_pictures():
    module, x, known = hybrid(), features(8, 12, 3), context(3)
    singles = [module(x[i : i + 1], Guide(context=Context(known.tokens[i : i + 1]))) for i in range(3)]
    torch.testing.assert_close(module(x, Guide(context=known)), torch.cat(singles), atol=1e-4, rtol=1e-5)


def test_every_parameter_has_a_gradient_when_half_of_the_samples_have_a_context():
    torch.manual_seed(0)
    encoder, module = ContextEncoder(WIDTH), fresh()
    both = nn.ModuleList([encoder, module]).train()
    optimiser, x = torch.optim.SGD(both.parameters(), lr=0.1), features(8, 12, 2)
    for _ in range(2):
        optimiser.zero_grad()
        known = encoder(torch.rand(2, 3, 32, 32), torch.tensor([True, False]))
        (module(x, Guide(context=known)) - x.roll(1, -1)).square().mean().backward()
        optimiser.step()
    for name, parameter in both.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_bfloat16_is_close_to_float32():
    torch.manual_seed(0)
    module = fresh()
    x, known = features(8, 12), context()
    with torch.inference_mode():
        exact = module(x, Guide(context=known))
        with torch.autocast("cpu", torch.bfloat16):
            rounded = module(x, Guide(context=known))
    assert (rounded - exact).abs().max() < 2e-2 * exact.abs().max()
