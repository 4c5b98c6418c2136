"""Batches of samples as tensors, made ahead of the step that needs them."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from harmonic.ops.thumbnail import thumbnail
from harmonic.train.samples import Draft, Sample, Stream, drafted, sample

Wanted = tuple[int, int, tuple[range, ...]]
"""Step, crop, and indices by part."""


@dataclass(frozen=True)
class Batch:
    """Samples as tensors: lq (B, 3, h, w), gt (B, 3, H, W), channels-last strides; labels (B, 4), or None for
    pairs. thumbnails (B, 3, 32, 32) or None; present (B,) bool; keys (B,) int64, a number of its own for each sample.
    """

    lq: Tensor
    gt: Tensor
    labels: Tensor | None
    thumbnails: Tensor | None
    present: Tensor
    keys: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        moved = {name: t.to(device, non_blocking=True) for name, t in vars(self).items() if t is not None}
        return replace(self, **moved)


def collated(samples: Sequence[Sample]) -> Batch:
    """Samples of one size, stacked."""
    thumbnails = [s.thumbnail for s in samples if s.thumbnail is not None]
    labels = [s.labels for s in samples if s.labels is not None]
    return Batch(
        lq=planes([s.lq for s in samples]),
        gt=planes([s.gt for s in samples]),
        labels=torch.from_numpy(np.stack(labels)) if labels else None,
        thumbnails=planes(thumbnails) if thumbnails else None,
        present=torch.tensor([s.present for s in samples]),
        keys=torch.tensor([s.key for s in samples]),
    )


def batch(stream: Stream, crop: int, step: int, indices: Sequence[int]) -> Batch:
    """The samples of one step that have these indices."""
    return collated([sample(stream, crop, step, index) for index in indices])


def planes(pictures: Sequence[np.ndarray]) -> Tensor:
    """(H, W, C) each -> (B, C, H, W), channels-last strides."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def thumbnails_of(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """(32, 32, 3) float32 in [0, 1] of each picture."""
    return [
        thumbnail(torch.tensor(picture).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy() / 255
        for picture in pictures
    ]


Finish = Callable[[list[Draft], torch.device], Batch]


class Prefetch:
    """Makes the samples of the next step, in threads, while the current one trains; use it in a `with` block.

    finish: makes a batch of drafts on a device; None: damage is done in the threads as well.
    """

    def __init__(self, stream: Stream, workers: int, finish: Finish | None = None):
        self._stream, self._finish = stream, finish
        self._pool = ThreadPoolExecutor(workers)
        self._pending: dict[Wanted, list[list[Future]]] = {}

    def get(self, step: int, crop: int, parts: tuple[range, ...], where: torch.device) -> list[Batch]:
        """A batch for each part of `step`, a range of indices; the next step, of the same shape, is started."""
        wanted, following = (step, crop, parts), (step + 1, crop, parts)
        ready = self._pending.pop(wanted, None) or self._start(*wanted)
        self._forget()
        self._pending = {following: self._start(*following)}
        made = [[future.result() for future in part] for part in ready]
        return [self._finish(part, where) if self._finish else collated(part).to(where) for part in made]

    def use(self, stream: Stream) -> None:
        """Go on with another stream."""
        self._forget()
        self._stream = stream

    def __enter__(self) -> "Prefetch":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _start(self, step: int, crop: int, parts: tuple[range, ...]) -> list[list[Future]]:
        make = drafted if self._finish else sample
        return [[self._pool.submit(make, self._stream, crop, step, index) for index in part] for part in parts]

    def _forget(self) -> None:
        for future in (future for parts in self._pending.values() for part in parts for future in part):
            future.cancel()
        self._pending = {}
