"""Deploy form: parallel kernels and scales folded into single convolutions (law L5, seed §6)."""

import copy

import torch
from torch import nn

from harmonic.network.harmonic import Harmonic
from harmonic.nn.large_kernel import RepLargeKernel
from harmonic.nn.partial_kernel import RepDenseKernel
from harmonic.nn.projection import Projection
from harmonic.nn.rep_conv import RepConv


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


def _fold_children(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, Projection | RepLargeKernel | RepDenseKernel | RepConv):
            setattr(module, name, child.folded())
        else:
            _fold_children(child)
