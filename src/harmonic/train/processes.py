"""Batches made by processes: for GPUs, which Python's threads would keep from getting their next operation."""

from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from harmonic.errors import ResourceError
from harmonic.train.batches import Batch, batch
from harmonic.train.samples import Stream

_AHEAD = 3  # steps that each process makes ahead


class ProcessPrefetch:
    """`Prefetch` with processes in the place of threads: the same batches, a few steps ahead; in a `with` block.

    Each process makes whole steps, and shares the memory of the pictures, since it is a fork. Leaving the block because
    one of them was killed raises ResourceError.
    """

    def __init__(self, stream: Stream, workers: int):
        self._stream, self._workers = stream, workers
        self._steps: Any = None
        self._next: tuple[int, int, tuple[range, ...]] | None = None

    def get(self, step: int, crop: int, parts: tuple[range, ...], where: torch.device) -> list[Batch]:
        """A batch for each part of `step`, a range of indices; following steps, of the same shape, are under way."""
        if (step, crop, parts) != self._next:
            self._steps = self._begun(step, crop, parts, where)
        self._next = (step + 1, crop, parts)
        return [Batch(**made).to(where) for made in next(self._steps)]

    def use(self, stream: Stream) -> None:
        """Go on with another stream."""
        self._stream, self._next = stream, None

    def __enter__(self) -> "ProcessPrefetch":
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._steps = self._next = None  # the last reference: its processes end
        if isinstance(error, RuntimeError) and "DataLoader worker" in str(error):
            raise ResourceError(
                "a process that makes samples was killed, perhaps for want of memory; lower data.workers, then "
                "the same command goes on from the last state"
            ) from error

    def _begun(self, step: int, crop: int, parts: tuple[range, ...], where: torch.device) -> Any:
        loader = DataLoader(
            _Steps(self._stream, crop, parts), batch_size=None, sampler=range(step, step + (1 << 40)),
            num_workers=self._workers, prefetch_factor=_AHEAD, pin_memory=where.type == "cuda",
            multiprocessing_context="fork",
        )  # fmt: skip
        return iter(loader)


class _Steps(Dataset[list[dict[str, Any]]]):
    """Step -> the fields of its batches, by part."""

    def __init__(self, stream: Stream, crop: int, parts: tuple[range, ...]):
        self._stream, self._crop, self._parts = stream, crop, parts

    def __getitem__(self, step: int) -> list[dict[str, Any]]:
        return [vars(batch(self._stream, self._crop, step, part)) for part in self._parts]
