"""Muon: momentum whose singular values are made equal before it is applied (Jordan et al. 2024, KellerJordan/Muon).

Size of a step as in Liu et al. 2025 (arXiv 2502.16982): the root mean square of AdamW's, so rates of AdamW serve.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from harmonic.restore.device import computes_bf16

_A, _B, _C = 3.4445, -4.7750, 2.0315  # of the odd polynomial that draws singular values towards 1, as published
_TURNS = 5
_SIZE = 0.2  # root mean square of AdamW's steps, as measured there
_WIDE = 96  # rows from which bf16, where there is hardware for it, is faster; the iteration forgives its rounding


class Muon(Optimizer):
    """For kernels and matrices, (outputs, inputs, ...), that mix channels. Weight decay is AdamW's.

    momentum: of the running mean, applied as Nesterov's.
    """

    def __init__(self, params: Iterable[Any], lr: float, momentum: float = 0.95):
        super().__init__(params, {"lr": lr, "weight_decay": 0.0})
        self._momentum = momentum

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Kernels of one shape are evened out in one go: a GPU waits for its next operation more than it computes."""
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not parameters:
                continue
            ahead = self._ahead(parameters)
            alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
            for number, parameter in enumerate(parameters):
                alike[tuple(parameter.shape)].append(number)
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])  # pyright: ignore[reportPrivateImportUsage]
            for (outputs, *inputs), numbers in alike.items():
                columns = torch.Size(inputs).numel()
                changes = evened(torch.stack([ahead[number].reshape(outputs, columns) for number in numbers]))
                torch._foreach_sub_(  # pyright: ignore[reportPrivateImportUsage]
                    [parameters[number] for number in numbers],
                    list(changes.reshape(len(numbers), outputs, *inputs)),
                    alpha=group["lr"] * _SIZE * max(outputs, columns) ** 0.5,
                )

    def _ahead(self, parameters: list[Tensor]) -> Sequence[Tensor]:
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter]["momentum"] = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        means = [self.state[parameter]["momentum"] for parameter in parameters]
        torch._foreach_lerp_(means, gradients, 1 - self._momentum)  # pyright: ignore[reportPrivateImportUsage]
        return torch._foreach_lerp(gradients, means, self._momentum)  # pyright: ignore[reportPrivateImportUsage]


def evened(matrices: Tensor) -> Tensor:
    """(N, rows, columns) -> matrices of the same singular vectors, singular values from 0.7 to 1.2 (Newton-Schulz).

    Singular values below about a thousandth of the norm stay smaller. fp32 in and out.
    """
    flat = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT.contiguous() if flat else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    if x.shape[-2] >= _WIDE and computes_bf16(x.device):
        x = x.bfloat16()
    for _ in range(_TURNS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=_B, alpha=_C), x, beta=_A)
    return (x.mT if flat else x).to(matrices.dtype)
