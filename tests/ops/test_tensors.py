"""Tensors from elsewhere are taken only when they are exactly the expected ones."""

import pytest
import torch

from harmonic.ops.tensors import fault

EXPECTED = {"count": torch.zeros((), dtype=torch.int64), "weight": torch.zeros(2, 3)}


@pytest.mark.parametrize(
    "changes, told",
    [
        ({}, None),
        ({"weight": torch.zeros(2, 3, dtype=torch.bfloat16)}, None),
        ({"weight": None}, "tensor weight is missing"),
        ({"more": torch.zeros(1)}, "tensor more is unknown"),
        ({"weight": torch.zeros(3, 2)}, r"tensor weight has shape (3, 2), expected (2, 3)"),
        ({"weight": torch.zeros(2, 3, dtype=torch.int64)}, "tensor weight holds torch.int64, expected torch.float32"),
        ({"weight": torch.full((2, 3), float("nan"))}, "tensor weight holds values that are not finite"),
    ],
)
def test_the_first_fault_is_named(changes, told):
    given = {name: value for name, value in {**EXPECTED, **changes}.items() if value is not None}
    assert fault(given, EXPECTED) == told
