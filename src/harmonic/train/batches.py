"""Batches: every sample a pure function of (seed, step, index), so that a resumed run sees the same stream."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from harmonic.degrade.apply import degrade
from harmonic.degrade.mixtures import Mixture, greyed, sample_mixture

MARGIN = 16
"""Pixels around a crop that are degraded with it, for the taps of blur; also the size of a 4:2:0 JPEG block."""

LUMA = np.array([[0.299], [0.587], [0.114]], np.float32)
"""Weights of R, G, B in a grey picture made of a colour one."""

ALIGNED = 0.75
"""Share of samples whose JPEG blocks start at the crop's corner, as they do in files that nobody has cropped."""


def sample(
    pictures: Sequence[np.ndarray], mixture: Mixture, crop: int, seed: int, step: int, index: int
) -> tuple[np.ndarray, np.ndarray]:
    """One training pair lq, gt: (crop, crop, 3) float32 each, gt in [0, 1].

    Pictures are drawn by their area. The crop is cut with a margin, degraded, cut again, then flipped and turned, so
    that borders look as they do inside a picture.
    """
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, index], np.uint64), counter=[0, 0, 0, step]))
    areas = np.cumsum([picture.shape[0] * picture.shape[1] for picture in pictures])
    picture = pictures[int(np.searchsorted(areas, rng.random() * areas[-1], side="right"))]
    offset = (MARGIN, MARGIN) if rng.random() < ALIGNED else tuple(rng.integers(MARGIN // 2, MARGIN, 2))
    corner = [int(rng.integers(side - crop + 1)) for side in picture.shape[:2]]
    # Near the top and left border there is no room for the margin: such crops move to the border itself.
    (y, top), (x, left) = ((c, int(o)) if c >= o else (0, 0) for c, o in zip(corner, offset, strict=True))
    window = picture[y - top : y + crop + MARGIN, x - left : x + crop + MARGIN]
    clean, chain = window.astype(np.float32) / 255, sample_mixture(rng, mixture)
    if rng.random() < mixture.grey:
        clean, chain = np.broadcast_to(clean @ LUMA, clean.shape), greyed(chain)
    lq = degrade(clean, chain, rng)
    lq, gt = (a[top : top + crop, left : left + crop] for a in (lq, clean))
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    if flip:
        lq, gt = lq[:, ::-1], gt[:, ::-1]
    return np.rot90(lq, turns), np.rot90(gt, turns)


def batch(
    pictures: Sequence[np.ndarray], mixture: Mixture, crop: int, size: int, seed: int, step: int
) -> tuple[Tensor, Tensor]:
    """lq, gt (size, 3, crop, crop) float32, channels-last strides."""
    pairs = [sample(pictures, mixture, crop, seed, step, index) for index in range(size)]
    lq, gt = (torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2) for side in zip(*pairs, strict=True))
    return lq, gt


class Prefetch:
    """Makes the batch of the next step in a thread while the current one trains."""

    def __init__(self, pictures: Sequence[np.ndarray], mixture: Mixture, seed: int):
        self._pictures, self._mixture, self._seed = pictures, mixture, seed
        self._pool = ThreadPoolExecutor(1)
        self._pending: dict[tuple[int, int, int], Future[tuple[Tensor, Tensor]]] = {}

    def get(self, step: int, crop: int, size: int) -> tuple[Tensor, Tensor]:
        """The batch of `step`; the next one, of the same shape, is started."""
        wanted, following = (step, crop, size), (step + 1, crop, size)
        ready = self._pending.get(wanted) or self._start(*wanted)
        self._pending = {following: self._start(*following)}
        return ready.result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _start(self, step: int, crop: int, size: int) -> Future[tuple[Tensor, Tensor]]:
        return self._pool.submit(batch, self._pictures, self._mixture, crop, size, self._seed, step)
