"""Chains of degradations for a whole batch of tensors, on any device: the counterpart of `apply.py`.

Samples whose next step is of one family go through it together, whatever its settings and their sizes; no loop runs
over pixels or blocks, and nothing waits for the device. Chains of one structure (`sample_second_order`) therefore cost
as many operations as one of them; those of a mixture a few times as many.

Gaussian noise is a function of (key, step, place) (`ops/noise.py`): the same on every device to the rounding of its
arithmetic. Photon noise comes from a `torch.Generator`: the same on every device of one kind. Neither is that of NumPy.
Blur and resizing equal `apply.py` to 1e-5, JPEG and the exact bicubic but for ties (`device_jpeg.py`); WebP has no such
form and is refused. Matrix products are to be full float32, torch's default; TF32 would cost JPEG its exactness.
"""

from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Any, assert_never

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from harmonic.degrade.apply import Size, final_size, next_size
from harmonic.degrade.device_jpeg import jpeg
from harmonic.degrade.kernels import kernel_of
from harmonic.degrade.kinds import (
    AnisotropicBlur,
    Bicubic,
    Blur,
    Chain,
    Degradation,
    Jpeg,
    MotionBlur,
    Noise,
    PoissonNoise,
    Resize,
    Round,
    Sinc,
    Speckle,
    ToScale,
    WebP,
)
from harmonic.ops.interpolate import dense, interpolation_taps
from harmonic.ops.noise import gaussian_noise
from harmonic.ops.resize import taps


def degrade_batch(pictures: Tensor, chains: Sequence[Chain], keys: Sequence[int]) -> Tensor:
    """Apply to each picture its chain, without gradients. (B, 3, H, W) float32 in [0, 1] -> (B, 3, h, w), new memory.

    The result is float32 on the same device. keys: one integer per sample, from which all its noise comes; a sample
    depends on its picture, chain and key alone, not on the rest of the batch. Nothing is clamped except by the steps
    that say so. Raises ValueError for other shapes and dtypes, for a chain with WebP and for chains that end at
    different sizes.
    """
    if pictures.ndim != 4 or pictures.shape[1] != 3 or pictures.dtype != torch.float32:
        raise ValueError(f"expected (B, 3, H, W) float32, got {tuple(pictures.shape)} {pictures.dtype}")
    if not len(pictures) == len(chains) == len(keys):
        raise ValueError(f"expected a chain and a key per picture, got {len(pictures)}, {len(chains)}, {len(keys)}")
    start: Size = (pictures.shape[2], pictures.shape[3])
    if any(isinstance(step, WebP) for chain in chains for step in chain):
        raise ValueError("webp cannot be computed on tensors; use degrade.apply for chains that hold it")
    if len(ends := {final_size(chain, start) for chain in chains}) > 1:
        raise ValueError(f"chains of one batch must end at one size, got {sorted(ends)}")
    samples = list(pictures)
    with torch.no_grad(), torch.autocast(pictures.device.type, enabled=False):
        for number in range(max(map(len, chains), default=0)):
            for members in _families([chain[number] if number < len(chain) else None for chain in chains]):
                seeds = [_seed(keys[m], number) for m in members]
                results = _apply([samples[m] for m in members], [chains[m][number] for m in members], seeds, start)
                for member, result in zip(members, results, strict=True):
                    samples[member] = result
        return torch.stack(samples)


def _families(steps: Sequence[Degradation | None]) -> list[list[int]]:
    """Places of the steps that can be taken together."""
    families: dict[str, list[int]] = {}
    for place, step in enumerate(steps):
        match step:
            case None:
                continue
            case Blur() | AnisotropicBlur() | MotionBlur() | Sinc():
                family = "convolution"
            case Resize() | ToScale():
                family = "resize"
            case Jpeg(subsampling=subsampling):
                family = subsampling
            case _:
                family = step.kind
        families.setdefault(family, []).append(place)
    return list(families.values())


def _seed(key: int, number: int) -> int:
    """63 bits that two steps of a sample, or two samples, do not share."""
    return int.from_bytes(sha256(f"{key}/{number}".encode()).digest()[:8], "little") >> 1


def _apply(samples: list[Tensor], steps: list[Any], seeds: list[int], start: Size) -> list[Tensor]:
    """One step each, all of one family, on samples (3, H, W) of any sizes."""
    step: Degradation = steps[0]
    if isinstance(step, PoissonNoise):  # torch draws from one generator at a time
        return [_photon_noise(*each) for each in zip(samples, steps, seeds, strict=True)]
    sizes: list[Size] = [(sample.shape[1], sample.shape[2]) for sample in samples]
    after = [next_size(step, size, start) for step, size in zip(steps, sizes, strict=True)]
    batch = _together(samples)
    match step:
        case Blur() | AnisotropicBlur() | MotionBlur() | Sinc():
            batch = _convolved(batch, [kernel_of(step) for step in steps])
        case Noise() | Speckle():
            batch = _noisy(batch, steps, seeds)
        case Jpeg(subsampling=subsampling):
            batch = jpeg(_levels(batch), sizes, [step.quality for step in steps], subsampling) / 255
        case Round():
            batch = _levels(batch) / 255
        case Resize() | ToScale():
            rows, columns = (
                [
                    dense(*interpolation_taps(old[axis], new[axis], step.kernel), old[axis])
                    for step, old, new in zip(steps, sizes, after, strict=True)
                ]
                for axis in (0, 1)
            )
            batch = _stacked(rows, batch) @ batch @ _stacked(columns, batch).mT
        case Bicubic():
            rows, columns = (
                [
                    dense(*taps(old[axis], Fraction(1, step.scale)), old[axis])
                    for step, old in zip(steps, sizes, strict=True)
                ]
                for axis in (0, 1)
            )
            halfway = _levels(_stacked(rows, batch) @ _levels(batch) / 255)
            batch = _levels(halfway @ _stacked(columns, batch).mT / 255) / 255
        case WebP():
            raise AssertionError("refused above")
        case _:
            assert_never(step)
    return [sample[:, :height, :width] for sample, (height, width) in zip(batch, after, strict=True)]


def _together(samples: list[Tensor]) -> Tensor:
    """(3, h, w) each -> (G, 3, H, W), the smaller ones with their last row and column repeated, as all edges are."""
    height, width = (max(sample.shape[axis] for sample in samples) for axis in (1, 2))
    return torch.stack(
        [F.pad(s[None], (0, width - s.shape[2], 0, height - s.shape[1]), mode="replicate")[0] for s in samples]
    )


def _stacked(matrices: list[np.ndarray], like: Tensor) -> Tensor:
    """Matrices of several sizes -> (G, 1, rows, columns) of the largest, zeros around."""
    rows, columns = (max(matrix.shape[axis] for matrix in matrices) for axis in (0, 1))
    full = np.zeros((len(matrices), 1, rows, columns), np.float32)
    for place, matrix in zip(full, matrices, strict=True):
        place[0, : matrix.shape[0], : matrix.shape[1]] = matrix
    return torch.from_numpy(full).to(like.device, non_blocking=True)


def _levels(batch: Tensor) -> Tensor:
    """Clipped to [0, 1] and rounded half up to whole levels, 0 to 255."""
    return batch.clamp(0, 1).mul(255).add_(0.5).floor_()


def _convolved(batch: Tensor, kernels: list[np.ndarray]) -> Tensor:
    """(G, 3, H, W), each by its kernel, as one grouped convolution."""
    side = max(len(kernel) for kernel in kernels)
    centred = [np.pad(kernel, (side - len(kernel)) // 2) for kernel in kernels]
    weight = _stacked(centred, batch).repeat_interleave(3, 0)
    planes = F.pad(batch, [side // 2] * 4, mode="replicate").flatten(0, 1)[None]
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # 10 bits would not reach an 8-bit level
        return F.conv2d(planes, weight, groups=planes.shape[1])[0].unflatten(0, (-1, 3))


def _noisy(batch: Tensor, steps: list[Noise] | list[Speckle], seeds: list[int]) -> Tensor:
    seed, nowhere = torch.tensor(seeds), torch.zeros(len(seeds), 2, dtype=torch.int64)
    noise = gaussian_noise(seed.to(batch.device), nowhere.to(batch.device), 3, *batch.shape[2:])
    noise = torch.where(_column([step.grey for step in steps], batch) > 0, noise[:, :1], noise)
    if isinstance(steps[0], Speckle):
        noise = noise * batch
    noisy = batch + noise * _column([step.sigma / 255 for step in steps], batch)
    return torch.where(_column([step.clip for step in steps], batch) > 0, noisy.clamp(0, 1), noisy)


def _photon_noise(sample: Tensor, step: PoissonNoise, seed: int) -> Tensor:
    generator = torch.Generator(sample.device).manual_seed(seed)
    light = sample.mean(0, keepdim=True) if step.grey else sample
    expected = light.clamp(0, 1) * 255
    noisy = sample + (torch.poisson(expected, generator=generator) - expected) * (step.scale / 255)
    return noisy.clamp(0, 1) if step.clip else noisy


def _column(values: Sequence[float], like: Tensor) -> Tensor:
    """A number per sample, (G, 1, 1, 1)."""
    return torch.tensor(values, dtype=like.dtype).to(like.device, non_blocking=True)[:, None, None, None]
