"""Several processes that train one network: `torchrun` starts them, this file is all that they say to each other.

Gradients are averaged by one all-reduce over all of them after the backward pass, not by DistributedDataParallel's
hooks (decision 0004): the result does not depend on the sizes of buckets, and accumulation, a second network and
unused parts need no exceptions.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from harmonic.errors import HarmonicError, UsageError

Value = TypeVar("Value")

PATIENCE = timedelta(hours=1)
"""For which the processes wait for each other: the first one validates and saves meanwhile."""


@dataclass(frozen=True)
class Ranks:
    """Which process this is, of how many. device: where its tensors live."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and messages."""
        return self.rank == 0

    def share(self, batch: int, parts: int) -> tuple[range, ...]:
        """Indices of a step's samples that this process computes, in `parts` parts.

        Together, all processes and parts cover 0 to batch - 1 once. Raises UsageError when they do not divide it.
        """
        if batch % (self.size * parts):
            raise UsageError(
                f"schedule.phases: batch {batch} cannot be shared by {self.size} processes in {parts} parts each; "
                f"choose a multiple of {self.size * parts}"
            )
        each = batch // (self.size * parts)
        starts = range(self.rank * each * parts, (self.rank + 1) * each * parts, each)
        return tuple(range(start, start + each) for start in starts)

    def average(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace gradients by their mean over the processes; one that nobody has stays None."""
        if self.size == 1:
            return
        owners = list(parameters)
        there = torch.tensor([p.grad is not None for p in owners], dtype=torch.int32, device=self.device)
        dist.all_reduce(there)
        owners = [p for p, n in zip(owners, there.tolist(), strict=True) if n]
        if not owners:
            return
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).float().reshape(-1) for p in owners])
        dist.all_reduce(flat)
        flat /= self.size
        for parameter, part in zip(owners, flat.split([p.numel() for p in owners]), strict=True):
            grad = torch.empty_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = grad.copy_(part.view(parameter.shape))

    def largest(self, values: Sequence[float]) -> list[float]:
        """Entry by entry, the largest of all processes: 'any of us' for flags."""
        if self.size == 1:
            return list(values)
        shared = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(shared, dist.ReduceOp.MAX)
        return shared.tolist()

    def means(self, figures: dict[str, float]) -> dict[str, float]:
        """Figures averaged over the processes; all have the same names."""
        if self.size == 1 or not figures:
            return figures
        shared = torch.tensor(list(figures.values()), dtype=torch.float64, device=self.device)
        dist.all_reduce(shared)
        return dict(zip(figures, (shared / self.size).tolist(), strict=True))

    def from_first(self, work: Callable[[], Value]) -> Value:
        """What `work` returns in the first process, in all of them; errors for users that it raises, likewise."""
        if self.size == 1:
            return work()
        held: list[Any] = [None, None]
        if self.first:
            try:
                held[0] = work()
            except HarmonicError as error:  # otherwise the others would wait for a process that has gone
                held[1] = error
        dist.broadcast_object_list(held, 0, device=self.device)
        if held[1] is not None:
            raise held[1]
        return held[0]


def joined(device: torch.device) -> Ranks:
    """Join the processes that `torchrun` has started; without it, be the only one.

    On GPUs each process takes the one of its local rank. Raises UsageError when there is none for it.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Ranks(0, 1, device)
    if device.type == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise UsageError(
                f"torchrun starts process {local} here, but torch sees {torch.cuda.device_count()} CUDA devices; "
                "lower --nproc-per-node"
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    return Ranks(dist.get_rank(), dist.get_world_size(), device)


def left() -> None:
    """Leave the group, when all of it is done."""
    if dist.is_initialized():
        dist.destroy_process_group()
