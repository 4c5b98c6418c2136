"""What each module of a network costs: parameters and multiply-adds, in training form and fused (seed §15).

Counted are convolutions, matrix products and attention, wherever they stand; not sums, products position by position,
norms, means and interpolation. Nothing is computed: tensors are fake, so any network is counted within seconds.
"""

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.reach import reach_of_parts
from harmonic.ops.noise import Noise

SIDE = 512
"""Side of the picture that is counted, in pixels, rounded up to the grid: large enough for borders not to matter."""

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Cost:
    """One module, with all that is inside it.

    name: dotted path, "" for the whole network. kind: its class.
    parameters, fused_parameters: how many numbers training and deploy form hold.
    macs, fused_macs: multiply-adds per input pixel; thousands of them are GMAC per megapixel.
    reach: how far an output position sees through this module alone, in input pixels; None where no module says so.
    """

    name: str
    kind: str
    parameters: int
    fused_parameters: int
    macs: float
    fused_macs: float
    reach: int | None

    @property
    def depth(self) -> int:
        """0 for the whole network, 1 for its parts, 2 for theirs."""
        return len(self.name.split(".")) if self.name else 0


def network_cost(network: Harmonic) -> list[Cost]:
    """The whole network, then every module of the training form, each before what it holds.

    Generated texture is part of the sums, although only a pass with noise makes it, and so are experts in all cells.
    The context encoder is not: it runs once per picture, on a thumbnail. Raises ValueError for a network in deploy
    form.
    """
    fused = fuse(network)
    side = -(-SIDE // network.grid) * network.grid
    network = copy.deepcopy(network)
    for model in (network, fused):
        model.train()  # experts everywhere: which cells ask for them is the picture's affair
    macs, fused_macs = (multiply_adds(model, lambda m: _whole_pass(m, side)) for model in (network, fused))
    deployed = dict(fused.named_modules())
    reaches = reach_of_parts(network)
    return [
        Cost(
            name,
            type(module).__name__,
            _parameters(module),
            _parameters(deployed[name]) if name in deployed else 0,
            macs.get(name, 0) / side**2,
            fused_macs.get(name, 0) / side**2,
            reaches.get(name),
        )
        for name, module in network.named_modules()
    ]


def multiply_adds(module: M, call: Callable[[M], object]) -> dict[str, int]:
    """Multiply-adds of `call(module)` by dotted name, each with all that is inside it; "" is everything.

    call makes its own inputs: they are fake, as are the parameters it sees.
    """
    module = copy.deepcopy(module).requires_grad_(False)
    counter = FlopCounterMode(display=False)
    own: defaultdict[str, int] = defaultdict(int)
    inside, counted = [""], 0

    def settle() -> None:
        """Credit what was counted since the last time to the innermost module at work."""
        nonlocal counted
        total = counter.get_total_flops()
        own[inside[-1]] += (total - counted) // 2  # a multiplication and an addition
        counted = total

    def enter(name: str) -> None:
        settle()
        inside.append(name)

    def leave() -> None:
        settle()
        inside.pop()

    for name, child in module.named_modules():
        child.register_forward_pre_hook(lambda *_, name=name: enter(name))
        child.register_forward_hook(lambda *_: leave())
    # Attention as plain matrix products: its fused kernels are not all known to the counter.
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        call(module)
    settle()

    # By name, not by who called whom: the network calls some parts of a part directly, such as the tail.
    result: defaultdict[str, int] = defaultdict(int)
    for name, count in own.items():
        steps = name.split(".") if name else []
        for depth in range(len(steps) + 1):
            result[".".join(steps[:depth])] += count
    return dict(result)


def _whole_pass(network: Harmonic, side: int) -> None:
    one = Noise(torch.zeros(1, dtype=torch.int64), torch.zeros(1, 2, dtype=torch.int64))
    network.decompose_framed(torch.empty(1, 3, side, side), noise=one)


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
