"""Deploy form: parallel kernels and scales folded into single convolutions (law L5, seed §6)."""

import copy

import torch
from torch import nn

from harmonic.network.harmonic import Harmonic
from harmonic.nn.block import Block
from harmonic.nn.budgeted_window import BudgetedWindow
from harmonic.nn.large_kernel import RepLargeKernel
from harmonic.nn.partial_kernel import RepDenseKernel
from harmonic.nn.pointwise import absorb_biases
from harmonic.nn.projection import Projection
from harmonic.nn.rep_conv import RepConv
from harmonic.nn.router import Router


def fuse(model: Harmonic) -> Harmonic:
    """A new network with the same function and fewer operations; `model` stays as it is.

    Raises `ValueError` when the network is in deploy form already.
    """
    if model.form != "train":
        raise ValueError("this network is already in deploy form; fuse() takes the training form")
    fused = copy.deepcopy(model)
    _fold_children(fused)
    fused.form = "deploy"
    return fused.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def without_biases(fused: Harmonic) -> Harmonic:
    """A deploy form, the same function, faster in fp32 on a CPU: a copy without biases behind norms, if it has any.

    How: `nn/pointwise.py`. In bf16 what stands for the biases would be rounded. Raises `ValueError` for another form.
    """
    if fused.form != "deploy":
        raise ValueError("this network is in training form; fuse() it first")
    if not any(isinstance(module, Block) for module in fused.modules()):
        return fused
    faster = copy.deepcopy(fused)
    for block in (module for module in faster.modules() if isinstance(module, Block)):
        for norm, part in ((block.norm1, block.mixer), (block.norm2, block.ffn)):
            convs = [getattr(part, name) for name in part.entries]
            if any(conv.bias is not None for conv in convs):
                for name, conv in zip(part.entries, absorb_biases(norm, convs), strict=True):
                    setattr(part, name, conv)
    return faster.to(memory_format=torch.channels_last).train(fused.training).requires_grad_(False)  # type: ignore[call-overload]


def limit_experts(model: Harmonic, budget: float) -> None:
    """Set the compute budget of experts and budgeted windows, in place.

    1: as trained; less: only what is wanted more than 1 - budget. Where no expert is left, the deterministic one works
    alone. There is no ranking of places, so a tile gives the numbers of the whole picture. Source: the idea of
    CAMixerSR (CVPR 2024).
    Raises `ValueError` for a budget outside [0, 1] or a network without experts.
    """
    routers = [module for module in model.modules() if isinstance(module, Router | BudgetedWindow)]
    if not 0 <= budget <= 1:
        raise ValueError(f"must be 0 (no experts) to 1 (all that are wanted), got {budget:g}")
    if not routers:
        raise ValueError("this network has no experts")
    for router in routers:
        router.threshold = 1 - budget


def _fold_children(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, Projection | RepLargeKernel | RepDenseKernel | RepConv):
            setattr(module, name, child.folded())
        else:
            _fold_children(child)
