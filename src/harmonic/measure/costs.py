"""What a network costs: parameters, multiply-adds, and time as interleaved ratio, for networks of any kind.

What a network with experts costs depends on its input and weights, so new networks are measured for several random
draws of both and the median is reported. Protocol P-EF-1.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import astuple
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from harmonic.measure.speed import Latency, latencies
from harmonic.network.deploy import without_biases
from harmonic.network.harmonic import Harmonic
from harmonic.restore.device import computes_bf16

PRECISIONS = ("fp32", "bf16")
DRAWS = 3


def timed_precisions(device: torch.device, say: Callable[[str], None]) -> tuple[str, ...]:
    """Those whose time tells something of a network: bf16 only where the hardware computes in it; `say` tells."""
    if computes_bf16(device):
        return PRECISIONS
    say("bf16 is left out: this hardware has no instructions for it, and emulates it slowly")
    return ("fp32",)


def parameters_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@torch.inference_mode()
def gmac_per_megapixel(network: nn.Module, side: int) -> float:
    """Multiply-adds in thousands of millions per megapixel of output, counted at a square input of `side` pixels, for
    ours a multiple of what it pads to.

    Of ours with experts in all cells and without a frame, as `harmonic info` counts; of others as they choose for a
    random picture.
    """
    if isinstance(network, Harmonic):
        network = copy.deepcopy(network).train()  # where nothing is left out
    counter = FlopCounterMode(display=False)
    where = next(network.parameters()).device
    with sdpa_kernel(SDPBackend.MATH), counter:  # the counter does not know all fused kernels
        x = torch.rand(1, 3, side, side, device=where)
        output = network.decompose_framed(x).mix() if isinstance(network, Harmonic) else network(x)
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


def over_draws(
    build: Callable[[], Mapping[str, nn.Module]], reference: str, side: int, precision: str, rounds: int = 20
) -> dict[str, Latency]:
    """`timed` for several draws of weights and picture -> medians, by name. reference: one of those that are built."""
    found = []
    for seed in range(DRAWS):
        torch.manual_seed(seed)
        networks = dict(build())
        latencies_by_name = timed(networks.pop(reference), networks, side, precision, -(-rounds // DRAWS))
        found.append({reference: latencies_by_name.pop("reference"), **latencies_by_name})
    return {name: Latency(*np.median([astuple(one[name]) for one in found], 0).tolist()) for name in found[0]}


def call_of(network: nn.Module, x: Tensor, precision: str) -> Callable[[], object]:
    """One pass over `x`, waited for; `network` stays as it is."""
    if precision == "bf16":
        network = copy.deepcopy(network)
        for module in _under_autocast(network, x):
            module.to(torch.bfloat16)
    elif isinstance(network, Harmonic) and network.form == "deploy" and x.device.type == "cpu":
        network = without_biases(network)  # as the product's runtime has it
    return partial(_pass, network, x, precision)


def _under_autocast(network: nn.Module, x: Tensor) -> set[nn.Module]:
    """The layers that a pass in bf16 computes in bf16; routers and the like keep themselves out."""
    found: set[nn.Module] = set()

    def note(module: nn.Module, _: object) -> None:
        if torch.is_autocast_enabled(x.device.type):
            found.add(module)

    kinds = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
    hooks = [m.register_forward_pre_hook(note) for m in network.modules() if isinstance(m, kinds)]
    _pass(network, x, "bf16")
    for hook in hooks:
        hook.remove()
    return found


@torch.inference_mode()
def _pass(network: nn.Module, x: Tensor, precision: str) -> None:
    with torch.autocast(x.device.type, torch.bfloat16, enabled=precision == "bf16"):
        network(x)
    if x.device.type == "cuda":
        torch.cuda.synchronize(x.device)
