"""JPEG on tensors against Pillow's libjpeg-turbo: the same samples but for ties."""

import numpy as np
import pytest
import torch
from skimage import data

from harmonic.degrade.codecs import jpeg as by_file
from harmonic.degrade.device_jpeg import jpeg, quantisation

QUALITIES = [1, 5, 10, 20, 30, 49, 50, 75, 90, 95, 100]


def crops() -> list[np.ndarray]:
    """Three photographs, noise, stripes of colour."""
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 255
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    photos = [data.astronaut()[y : y + 96, x : x + 96] for y, x in ((0, 160), (100, 300), (400, 40))]
    return [*map(np.ascontiguousarray, photos), noise, stripes]


def on_tensors(pictures: list[np.ndarray], qualities: list[int], subsampling) -> np.ndarray:
    """The larger ones decide the batch's size; the others are padded as `degrade.device` does it."""
    height, width = (max(p.shape[axis] for p in pictures) for axis in (0, 1))
    padded = [np.pad(p, ((0, height - p.shape[0]), (0, width - p.shape[1]), (0, 0)), "edge") for p in pictures]
    levels = torch.from_numpy(np.stack(padded)).permute(0, 3, 1, 2).float()
    sizes = [(p.shape[0], p.shape[1]) for p in pictures]
    return jpeg(levels, sizes, qualities, subsampling).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
@pytest.mark.parametrize("quality", QUALITIES)
def test_nearly_all_samples_are_those_of_the_file(quality, subsampling):
    pictures = crops()
    result = on_tensors(pictures, [quality] * len(pictures), subsampling)
    expected = np.stack([by_file(p, quality, subsampling) for p in pictures]).astype(float)
    difference = np.abs(result - expected)
    assert (difference == 0).mean() > 0.999 and difference.mean() < 1e-3 and difference.max() <= 3


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
def test_every_sample_has_its_own_quality_and_size(subsampling):
    cut = [(96, 96), (33, 18), (17, 96), (96, 31), (7, 5), (5, 4), (16, 1), (1, 3), (34, 34)]
    photo = crops()[3]  # noise: neighbours differ, so that edges matter
    pictures = [np.ascontiguousarray(photo[:h, :w]) for h, w in cut]
    qualities = [10 * n + 9 for n in range(len(cut))]
    result = on_tensors(pictures, qualities, subsampling)
    for picture, quality, mine in zip(pictures, qualities, result, strict=True):
        height, width = picture.shape[:2]
        difference = np.abs(mine[:height, :width] - by_file(picture, quality, subsampling))
        assert difference.max() <= 1 and (difference > 0).mean() < 2e-3, (picture.shape, quality)


def test_tables_are_those_that_a_file_of_that_quality_holds():
    from io import BytesIO

    from PIL import Image

    for quality, ours in zip(QUALITIES, quantisation(QUALITIES), strict=True):
        file = BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        tables = Image.open(file).quantization  # pyright: ignore[reportAttributeAccessIssue]
        assert [ours[0].flatten().tolist(), ours[1].flatten().tolist()] == [list(tables[0]), list(tables[1])]
