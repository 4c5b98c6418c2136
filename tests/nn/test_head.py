"""The way back to pixels: what bf16 may round there."""

import torch

from harmonic.nn.head import OutputHead


def test_no_gate_shuts_below_its_floor_and_all_start_at_one():
    """So that z is taught by every pixel, whatever the gates say there."""
    z, low, features = (torch.randn(1, c, s, s) for c, s in ((3, 32), (8, 8), (16, 32)))
    for floor in (0.0, 0.1):
        head = OutputHead(4, 8, 16, 1, floor)
        assert torch.allclose(sum(head(z, low, features)), z, atol=1e-5)
        for parameter in (head.low_gates.bias, head.high_gate.bias):
            torch.nn.init.constant_(parameter, -1e4)
        assert torch.allclose(sum(head(z, low, features)), floor * z, atol=1e-5)


def test_gates_are_not_rounded_in_bf16():
    """A gate multiplies all that the branch has found; its rounding alone moved pixels by more than two levels."""
    torch.manual_seed(0)
    head = OutputHead(4, 8, 16, 1)
    for parameter in (*head.low_gates.parameters(), *head.high_gate.parameters()):
        torch.nn.init.normal_(parameter)
    z, low, features = (torch.randn(1, c, s, s).bfloat16() for c, s in ((3, 32), (8, 8), (16, 32)))
    with torch.no_grad():
        exact = head(z.float(), low.float(), features.float())
        with torch.autocast("cpu", torch.bfloat16):
            found = head(z, low, features)
    for a, b in zip(exact, found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)
