"""What a network costs: parameters, multiply-adds, and time as interleaved ratio, for networks of any kind.

Peers hold choices that depend on data (experts), so their multiply-adds are counted on real tensors; protocol P-EF-1.
"""

import copy
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from harmonic.measure.speed import Latency, latencies

PRECISIONS = ("fp32", "bf16")


def parameters_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@torch.inference_mode()
def gmac_per_megapixel(network: nn.Module, side: int) -> float:
    """Multiply-adds in thousands of millions per megapixel of output, counted at a square input of `side` pixels."""
    counter = FlopCounterMode(display=False)
    where = next(network.parameters()).device
    with sdpa_kernel(SDPBackend.MATH), counter:  # the counter does not know all fused kernels
        output = network(torch.rand(1, 3, side, side, device=where))
    return counter.get_total_flops() / 2 / (output.shape[-2] * output.shape[-1]) / 1e3


def timed(
    reference: nn.Module, networks: Mapping[str, nn.Module], side: int, precision: str, rounds: int = 20
) -> dict[str, Latency]:
    """Of networks in the form they are used in, beside `reference`, called in turn -> by name, "reference" included.

    Batch 1, channels-last; in bf16, autocast with the weights of convolutions and linear layers cast once. The device
    is that of the reference.
    """
    where = next(reference.parameters()).device
    x = torch.rand(1, 3, side, side, device=where).to(memory_format=torch.channels_last)
    calls = {name: call_of(network, x, precision) for name, network in networks.items()}
    return latencies(call_of(reference, x, precision), calls, rounds=rounds)


def call_of(network: nn.Module, x: Tensor, precision: str) -> Callable[[], object]:
    """One pass over `x`, waited for; `network` stays as it is."""
    if precision == "bf16":
        network = copy.deepcopy(network)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                module.to(torch.bfloat16)
    return partial(_pass, network, x, precision)


@torch.inference_mode()
def _pass(network: nn.Module, x: Tensor, precision: str) -> None:
    with torch.autocast(x.device.type, torch.bfloat16, enabled=precision == "bf16"):
        network(x)
    if x.device.type == "cuda":
        torch.cuda.synchronize(x.device)
