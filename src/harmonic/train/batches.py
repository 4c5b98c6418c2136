"""Batches: every sample a pure function of (seed, step, index), so that a resumed run sees the same stream."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from harmonic.degrade.apply import degrade
from harmonic.degrade.labels import strengths, texture_lost
from harmonic.degrade.mixtures import Mixture, greyed, sample_mixture
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.resize import imresize
from harmonic.ops.thumbnail import thumbnail

MARGIN = 16
"""Input pixels around a crop that are degraded with it, for the taps of blur; also the size of a 4:2:0 JPEG block."""

LUMA = np.array([[0.299], [0.587], [0.114]], np.float32)
"""Weights of R, G, B in a grey picture made of a colour one."""

ALIGNED = 0.75
"""Share of samples whose JPEG blocks start at the crop's corner, as they do in files that nobody has cropped."""

CONTEXT = 0.8
"""Share of samples that come with the thumbnail of their picture; the others teach the network to do without."""


@dataclass(frozen=True)
class Stream:
    """What samples are drawn from. pictures: (H, W, 3) uint8 each. crop is counted in input pixels.

    thumbnails: (32, 32, 3) float32 of each picture, for networks with a context; else None.
    """

    pictures: Sequence[np.ndarray]
    mixture: Mixture
    seed: int
    scale: int = 1
    thumbnails: Sequence[np.ndarray] | None = None


@dataclass(frozen=True)
class Sample:
    """A training pair in [0, 1]: lq (crop, crop, 3) float32, gt (scale·crop, scale·crop, 3) float32.

    labels (4,): noise, blur, compression and lost texture, 0 to 1 (`degrade.labels`). thumbnail (32, 32, 3) of the
    clean picture, turned as the crop is, or None; present: whether the network may see it.
    """

    lq: np.ndarray
    gt: np.ndarray
    labels: np.ndarray
    thumbnail: np.ndarray | None
    present: bool


@dataclass(frozen=True)
class Batch:
    """Samples as tensors: lq (B, 3, h, w), gt (B, 3, H, W), channels-last strides; labels (B, 4).

    thumbnails (B, 3, 32, 32) or None; present (B,) bool.
    """

    lq: Tensor
    gt: Tensor
    labels: Tensor
    thumbnails: Tensor | None
    present: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        lq, gt, labels, present = (
            t.to(device, non_blocking=True) for t in (self.lq, self.gt, self.labels, self.present)
        )
        thumbnails = None if self.thumbnails is None else self.thumbnails.to(device, non_blocking=True)
        return Batch(lq, gt, labels, thumbnails, present)


def sample(stream: Stream, crop: int, step: int, index: int) -> Sample:
    """One training pair.

    Pictures are drawn by their area. The crop is cut with a margin, shrunk by the exact bicubic at scales above 1,
    degraded, cut again, then flipped and turned, so that borders look as they do inside a picture.
    """
    scale = stream.scale
    rng = np.random.Generator(np.random.Philox(key=np.array([stream.seed, index], np.uint64), counter=[0, 0, 0, step]))
    areas = np.cumsum([picture.shape[0] * picture.shape[1] for picture in stream.pictures])
    number = int(np.searchsorted(areas, rng.random() * areas[-1], side="right"))
    picture = stream.pictures[number]
    offset = (MARGIN, MARGIN) if rng.random() < ALIGNED else tuple(rng.integers(MARGIN // 2, MARGIN, 2))
    corner = [int(rng.integers(side - scale * crop + 1)) for side in picture.shape[:2]]
    # Near the top and left border there is no room for the margin: such crops move to the border itself.
    (y, top), (x, left) = ((c, int(o)) if c >= scale * o else (0, 0) for c, o in zip(corner, offset, strict=True))
    (height, width), size = picture.shape[:2], scale * (crop + MARGIN)
    bottom, right = (min(start + size, side) for start, side in ((y, height), (x, width)))
    bottom, right = bottom - (bottom - y) % scale, right - (right - x) % scale  # whole input pixels
    clean = picture[y - scale * top : bottom, x - scale * left : right].astype(np.float32) / 255
    chain = sample_mixture(rng, stream.mixture)
    if rng.random() < stream.mixture.grey:
        clean, chain = np.broadcast_to(clean @ LUMA, clean.shape), greyed(chain)
    small = shrunk(clean, scale)
    lq = degrade(small, chain, rng)
    small, lq = (a[top : top + crop, left : left + crop] for a in (small, lq))
    labels = np.array([*strengths(chain), texture_lost(lq, small)], np.float32)
    gt = clean[scale * top : scale * (top + crop), scale * left : scale * (left + crop)]
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    present = bool(rng.random() < CONTEXT)

    def turned(a: np.ndarray) -> np.ndarray:
        return np.rot90(a[:, ::-1] if flip else a, turns)

    whole = None if stream.thumbnails is None else turned(stream.thumbnails[number])
    return Sample(turned(lq), turned(gt), labels, whole, present)


def shrunk(clean: np.ndarray, scale: int) -> np.ndarray:
    """The 8-bit picture of 1/scale of the size by the exact bicubic. (H, W, 3) float32 in [0, 1], multiples of scale"""
    if scale == 1:
        return clean
    return to_float(to_uint8(imresize(clean.astype(np.float64), Fraction(1, scale)).astype(np.float32)))


def batch(stream: Stream, crop: int, size: int, step: int) -> Batch:
    """`size` samples of one step."""
    samples = [sample(stream, crop, step, index) for index in range(size)]

    def planes(values: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(values)).permute(0, 3, 1, 2)

    thumbnails = [s.thumbnail for s in samples if s.thumbnail is not None]
    return Batch(
        lq=planes([s.lq for s in samples]),
        gt=planes([s.gt for s in samples]),
        labels=torch.from_numpy(np.stack([s.labels for s in samples])),
        thumbnails=planes(thumbnails) if thumbnails else None,
        present=torch.tensor([s.present for s in samples]),
    )


def thumbnails_of(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """(32, 32, 3) float32 in [0, 1] of each picture."""
    return [
        thumbnail(torch.tensor(picture).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy() / 255
        for picture in pictures
    ]


class Prefetch:
    """Makes the batch of the next step in a thread while the current one trains."""

    def __init__(self, stream: Stream):
        self._stream = stream
        self._pool = ThreadPoolExecutor(1)
        self._pending: dict[tuple[int, int, int], Future[Batch]] = {}

    def get(self, step: int, crop: int, size: int) -> Batch:
        """The batch of `step`; the next one, of the same shape, is started."""
        wanted, following = (step, crop, size), (step + 1, crop, size)
        ready = self._pending.get(wanted) or self._start(*wanted)
        self._pending = {following: self._start(*following)}
        return ready.result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _start(self, step: int, crop: int, size: int) -> Future[Batch]:
        return self._pool.submit(batch, self._stream, crop, size, step)
