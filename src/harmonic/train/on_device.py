"""Drafts of samples damaged and turned on the device: for GPUs that would wait for the CPU otherwise."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from harmonic.degrade.device import degrade_batch
from harmonic.degrade.kinds import Bicubic
from harmonic.degrade.labels import FLAT, strengths
from harmonic.train.batches import Batch
from harmonic.train.samples import MARGIN, Draft


def finished(drafts: Sequence[Draft], where: torch.device) -> Batch:
    """Drafts of one crop and scale, without partners of their own -> a batch on the device.

    Close to what `sample` makes of them on the CPU: noise comes from other numbers, JPEG is nearly libjpeg's.
    """
    scale, crop = drafts[0].scale, drafts[0].crop
    side = scale * (crop + 2 * MARGIN)
    pixels = np.stack([_filled(draft.clean, side) for draft in drafts])
    clean = torch.from_numpy(pixels).to(where, non_blocking=True).permute(0, 3, 1, 2)
    keys = [draft.key for draft in drafts]
    lq = degrade_batch(clean, [draft.chain for draft in drafts], keys)
    small = degrade_batch(clean, [(Bicubic(scale=scale),)] * len(drafts), keys) if scale > 1 else clean
    lq, small, gt = _cut(lq, drafts, 1), _cut(small, drafts, 1), _cut(clean, drafts, scale)
    known = torch.tensor([strengths(draft.chain) for draft in drafts], device=where)
    thumbnails = [draft.thumbnail for draft in drafts if draft.thumbnail is not None]
    return Batch(
        lq=lq,
        gt=gt,
        labels=torch.cat([known, texture_lost(lq, small)[:, None]], 1),
        thumbnails=torch.from_numpy(np.stack(thumbnails)).permute(0, 3, 1, 2).to(where) if thumbnails else None,
        present=torch.tensor([draft.present for draft in drafts], device=where),
        keys=torch.tensor(keys, device=where),
    )


def texture_lost(degraded: Tensor, clean: Tensor) -> Tensor:
    """`degrade.labels.texture_lost` of a batch. (B, 3, H, W) twice -> (B,)"""
    before, after = _detail(clean), _detail(degraded)
    energy = before.square().mean((1, 2))
    return torch.where(energy < FLAT, 0.0, (1 - (before * after).mean((1, 2)) / energy.clamp(min=FLAT)).clamp(0, 1))


def _detail(pictures: Tensor) -> Tensor:
    """Grey minus the mean of its four neighbours; the border is left out. (B, 3, H, W) -> (B, H - 2, W - 2)"""
    grey = pictures.mean(1)
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return grey[:, 1:-1, 1:-1] - around / 4


def _filled(picture: np.ndarray, side: int) -> np.ndarray:
    """Below and to the right, where the picture ended, its last pixels repeated. (side, side, 3)"""
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, side - height), (0, side - width), (0, 0)), mode="edge")


def _cut(pictures: Tensor, drafts: Sequence[Draft], scale: int) -> Tensor:
    """The crops of windows, flipped and turned. (B, 3, H, W) -> (B, 3, scale·crop, scale·crop), channels-last"""
    crops = []
    for picture, draft in zip(pictures, drafts, strict=True):
        top, left, side = scale * draft.top, scale * draft.left, scale * draft.crop
        crop = picture[:, top : top + side, left : left + side]
        crops.append(torch.rot90(crop.flip(2) if draft.flip else crop, draft.turns, (1, 2)))
    return torch.stack(crops).contiguous(memory_format=torch.channels_last)
