"""Structure and texture, weighted apart: the loss of each band (seed §10, design §2's exact split).

Pure functions of (prediction, target), (B, 3, H, W) fp32, H and W multiples of 4, to a scalar. Each pair of a `low_`
and a `high_` loss is exactly blind to the other's band.
"""

import torch
from torch import Tensor

from harmonic.losses.pixel import charbonnier
from harmonic.ops.band import cell_mean, low_band

CELL = 4
"""Side in pixels of the cells whose means are the low band."""


def high_band(x: Tensor, cell: int = CELL) -> Tensor:
    """I - P: what cell means do not say. (B, C, H, W), H and W multiples of `cell` -> same shape, zero cell means"""
    return x - low_band(x, cell)


def low_band_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Charbonnier between means of cells: nothing within a cell counts."""
    return charbonnier(cell_mean(prediction, CELL), cell_mean(target, CELL))


def high_band_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Charbonnier between what the low bands leave over: the mean of a cell does not count."""
    high = high_band(prediction - target)
    return charbonnier(high, high.new_zeros(()))


def laplacian_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 over a Laplacian pyramid of exact bands: details of 2, 4 and 8 pixels, then the means left over; all alike.

    H, W multiples of 8. Source: Laplacian pyramid (Burt and Adelson, 1983), with the band split of design §2.
    """
    details, rest = _pyramid(prediction - target, levels=3)
    return torch.stack([*details, rest.abs().mean()]).mean()


def low_laplacian_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 over the pyramid of the means of cells: details of 8 and 16 pixels, then what is left. H, W multiples of 16"""
    details, rest = _pyramid(cell_mean(prediction, CELL) - cell_mean(target, CELL), levels=2)
    return torch.stack([*details, rest.abs().mean()]).mean()


def high_laplacian_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 over the pyramid of the high band: details of 2 and of 4 pixels alike; its cell means are zero."""
    details, _ = _pyramid(high_band(prediction - target), levels=2)
    return torch.stack(details).mean()


def low_fft_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 between magnitudes of spectra of the means of cells, in windowed patches of 8 x 8 cells.

    Sides of at least 32 pixels; phase does not count.
    """
    return _spectral_l1(cell_mean(prediction, CELL), cell_mean(target, CELL), patch=8)


def high_fft_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 between magnitudes of spectra of the high bands, in windowed patches of 16 x 16 pixels.

    Sides of at least 16 pixels; phase does not count: texture of the right energy and direction costs little
    wherever its ridges lie, while the pixel losses prefer none at all. Of texture that is invented it still asks too
    little, since the magnitudes of one patch scatter and L1 takes their median.
    """
    return _spectral_l1(high_band(prediction), high_band(target), patch=16)


def _pyramid(gap: Tensor, levels: int) -> tuple[list[Tensor], Tensor]:
    """Mean absolute details of 2, 4, … pixels, and the means left over. (B, C, H, W) -> scalars, (B, C, h, w)"""
    details = []
    for _ in range(levels):
        details.append((gap - low_band(gap, 2)).abs().mean())
        gap = cell_mean(gap, 2)
    return details, gap


def _spectral_l1(x: Tensor, y: Tensor, patch: int) -> Tensor:
    """Magnitudes apart, averaged over patches and frequencies; white noise of deviation s has magnitudes of about s."""
    return (_magnitudes(x, patch) - _magnitudes(y, patch)).abs().mean()


def _magnitudes(x: Tensor, patch: int) -> Tensor:
    """(B, C, H, W) -> (B, C, rows, columns, patch, patch // 2 + 1)

    Patches overlap by half, where their Hann windows add up to 1. A plain FFT of a whole crop joins its opposite
    borders, and the step between them outweighs texture; nothing is padded, since mirrored borders would count twice.
    """
    line = torch.hann_window(patch, dtype=x.dtype, device=x.device)
    window = line[:, None] * line / line.square().sum()
    patches = x.unfold(2, patch, patch // 2).unfold(3, patch, patch // 2)
    spectrum = torch.view_as_real(torch.fft.rfft2(patches * window))
    return (spectrum.square().sum(-1) + 1e-8).sqrt()  # smooth where a magnitude is 0
