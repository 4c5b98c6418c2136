"""What a JPEG file does to pictures, for a batch of tensors: everything but the lossless coding of the coefficients.

Tables, quality, colour conversion and chroma resampling are libjpeg's (IJG, libjpeg-turbo: jcparam.c, jccolor.c,
jcsample.c, jdsample.c, jdcolor.c; ITU-T T.81, annex K), and so are the roundings of its cosine transforms. They are
computed in float32, whose error of 1e-4 level could only show where a value lies that close to a tie.
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *[(99,) * 8] * 4,
)
# Left half of the 8-point cosine transform times the square root of 8, in libjpeg's 13 bits (jfdctint.c, jidctint.c):
# what its sums of rounded constants come to, up to 2 units beside the rounded cosines. Right half: mirrored.
_COSINES = (
    (8192, 8192, 8192, 8192),
    (11363, 9633, 6437, 2260),
    (10703, 4433, -4433, -10703),
    (9633, -2259, -11362, -6436),
    (8192, -8192, -8192, 8192),
    (6437, -11362, 2261, 9633),
    (4433, -10704, 10704, -4433),
    (2260, -6436, 9633, -11363),
)
# R, G, B to Y, Cb, Cr in libjpeg's 16 bits; float32 holds every sum exactly.
_YCC = ((19595, 38470, 7471), (-11059, -21709, 32768), (32768, -27439, -5329))
_BEFORE, _AFTER = slice(None, -2), slice(2, None)


def jpeg(
    levels: Tensor, sizes: Sequence[tuple[int, int]], qualities: Sequence[int], subsampling: Literal["4:2:0", "4:4:4"]
) -> Tensor:
    """(G, 3, H, W) float32 of whole levels, 0 to 255 -> the same as a reader of the file sees it.

    sizes: (height, width) of each picture; beyond, up to H and W, edges are to be repeated, and nothing of use comes
    back. qualities: 1 to 100 of each.
    """
    height, width = levels.shape[2:]
    luma, chroma = _to_ycc(F.pad(levels, (0, -width % 16, 0, -height % 16), mode="replicate")).split([1, 2], 1)
    tables = quantisation(qualities).to(levels.device, non_blocking=True)
    luma = _coded(luma, tables[:, :1])
    if subsampling == "4:4:4":
        chroma = _coded(chroma, tables[:, 1:])
    else:
        rows, columns = ([(size[axis] + 1) // 2 for size in sizes] for axis in (0, 1))
        # libjpeg repeats the last row of the halved plane, but the last column of the full one.
        chroma = _clamped(_halved(chroma), rows, 2)
        chroma = _clamped(_clamped(_coded(chroma, tables[:, 1:]), rows, 2), columns, 3)
        chroma = _doubled(chroma, torch.tensor([w <= 2 for w in columns]).to(levels.device, non_blocking=True))
    return _to_rgb(torch.cat([luma, chroma], 1)[:, :, :height, :width])


def quantisation(qualities: Sequence[int]) -> Tensor:
    """Divisors of luma and chroma at each quality. -> (G, 2, 8, 8) float32, whole numbers from 1 to 255"""
    percent = torch.tensor([5000 // q if q < 50 else 200 - 2 * q for q in qualities])[:, None, None, None]
    return ((torch.tensor([_LUMA, _CHROMA]) * percent + 50) // 100).clamp(1, 255).float()


def _to_ycc(rgb: Tensor) -> Tensor:
    """Full-range Y, Cb, Cr (JFIF), whole levels."""
    red, green, blue = rgb.split(1, 1)
    y, cb, cr = (r * red + g * green + b * blue for r, g, b in _YCC)
    middle = (128 << 16) + 32767  # one less than for luma
    return torch.cat([y + 32768, cb + middle, cr + middle], 1).div(65536).floor()


def _to_rgb(ycc: Tensor) -> Tensor:
    y, cb, cr = ycc.split(1, 1)
    cb, cr = cb - 128, cr - 128
    shifts = torch.cat([91881 * cr, -22554 * cb - 46802 * cr, 116130 * cb], 1)
    return (y + (shifts + 32768).div(65536).floor()).clamp(0, 255)


def _halved(plane: Tensor) -> Tensor:
    """Means of 2 x 2, rounded up and down by turns from column to column."""
    bias = torch.tensor([1.0, 2.0], device=plane.device).repeat(plane.shape[3] // 4)
    return ((F.avg_pool2d(plane, 2, divisor_override=1) + bias) / 4).floor()


def _doubled(plane: Tensor, narrow: Tensor) -> Tensor:
    """libjpeg's "fancy" upsampling: 3/4 of the nearer and 1/4 of the further neighbour, rows and columns.

    narrow: (G,) bool, planes of one or two columns, which libjpeg doubles by repeating.
    """
    around = F.pad(plane, [1] * 4, mode="replicate")
    tall = torch.stack([3 * around[:, :, 1:-1] + around[:, :, other] for other in (_BEFORE, _AFTER)], 3).flatten(2, 3)
    inner = 3 * tall[..., 1:-1]
    smooth = torch.stack([inner + tall[..., _BEFORE] + 8, inner + tall[..., _AFTER] + 7], 4).flatten(3, 4)
    smooth = smooth.div(16).floor()
    repeated = plane.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return torch.where(narrow[:, None, None, None], repeated, smooth)


def _clamped(plane: Tensor, lengths: Sequence[int], axis: int) -> Tensor:
    """Each sample's plane with what lies beyond its length replaced by its last row (axis 2) or column (axis 3)."""
    size = plane.shape[axis]
    last = torch.tensor(lengths)[:, None] - 1
    index = torch.minimum(torch.arange(size)[None], last).to(plane.device, non_blocking=True)
    shape = [-1, 1, size, 1] if axis == 2 else [-1, 1, 1, size]
    return plane.gather(axis, index.reshape(shape).expand(plane.shape))


def _coded(plane: Tensor, table: Tensor) -> Tensor:
    """Blocks of 8 x 8 to coefficients, rounded to multiples of the table, and back to whole levels."""
    half = torch.tensor(_COSINES, device=plane.device) / 8192
    signs = torch.tensor([1.0, -1.0], device=plane.device).repeat(4)[:, None]  # even rows are symmetric, odd ones not
    cosines = torch.cat([half, half.flip(1) * signs], 1)
    G, C, H, W = plane.shape
    blocks = (plane - 128).reshape(G, C, H // 8, 8, W // 8, 8).transpose(3, 4)
    table = table[:, :, None, None]
    steps = (_both_axes(blocks, cosines) + 0.5).floor() / (8 * table)
    steps = steps.sign() * (steps.abs() + 0.5).floor()  # half away from zero
    blocks = _both_axes((steps * table).mT, cosines.T).mT / 8
    return (blocks.transpose(3, 4).reshape(G, C, H, W) + 128.5).floor().clamp(0, 255)


def _both_axes(blocks: Tensor, matrix: Tensor) -> Tensor:
    """matrix · block · matrixᵀ, the last axis first. Between the two, libjpeg keeps quarters."""
    rows = (4 * (blocks @ matrix.T) + 0.5).floor() / 4
    return (rows.mT @ matrix.T).mT
