"""The laws of the network (ARCHITECTURE.md, Invariants) on trained weights: tests show them for random ones alone.

Each function gives the largest violation found, in units of the picture unless it says otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, judge, not_applicable
from harmonic.measure.verify.subject import Subject, canvas, parts_of, to_array, to_tensor
from harmonic.network.harmonic import Harmonic
from harmonic.ops.band import cell_mean, low_band
from harmonic.restore.restorer import Restorer
from harmonic.restore.tile import round_up

ODD_SIZES = ((1, 1), (1, 37), (2, 3), (33, 17), (40, 5), (64, 64))


def check_laws(subject: Subject) -> Iterator[Check]:
    """Seed §1 and design §1, L1 to L8."""
    network, crops = subject.network, subject.crops
    yield judge(bounds.STRENGTH_ZERO, strength_zero(network, crops[0]))
    means, projection = bands(network, crops[:2])
    yield judge(bounds.HF_CELL_MEANS, means, "of the largest correction; the worst of fp32 and bf16")
    yield judge(bounds.LF_PROJECTION, projection, "of the largest correction; the worst of fp32 and bf16")
    yield judge(bounds.TILES, tiles(network, crops[0]), "strips of more than five tiles, across and down")
    found = max(farthest(network, along) for along in (2, 3))
    yield judge(bounds.REACH, found / network.reach, f"not-a-number spreads {found} of {network.reach} pixels")
    yield judge(bounds.BATCH, batch(network, crops))
    yield judge(bounds.SIZES, failing_sizes(network, crops[0]), f"of {len(ODD_SIZES)} sizes from 1x1 up")
    repeats, threads = repetition(network, crops[0])
    yield judge(bounds.REPEATS, repeats)
    yield judge(bounds.THREADS, threads)
    if network.form == "train":
        yield judge(bounds.FUSE, fusion(network, subject.deployed, crops[0]))
    else:
        yield not_applicable(bounds.FUSE, "the file holds the deployed form, which cannot be compared")


def strength_zero(network: Harmonic, crop: np.ndarray) -> float:
    """L1: the input, or the fixed enlargement that the network starts from."""
    source = crop.astype(np.float32) / 255
    result = Restorer(network, device="cpu", precision="fp32").restore(source, strength=0)
    return largest(result - to_array(parts_of(network, source).base))


def bands(network: Harmonic, crops: tuple[np.ndarray, ...]) -> tuple[float, float]:
    """L2: |A(HF)| and |P(LF) - LF|, as shares of the largest correction, on pictures of whole cells."""
    cell = network.config.cell
    means, projection = [], []
    for crop in crops:
        sides = (round_up(max(side // network.scale, 16 * cell), network.grid) for side in crop.shape[:2])
        x = to_tensor(canvas(crop, *sides))
        for bf16 in (False, True):
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                parts = network.decompose(x, network.look(x))
            correction = max(float((parts.lf + parts.hf).abs().max()), 1e-6)
            means.append(largest(cell_mean(parts.hf, cell)) / correction)
            inside = slice(4 * cell, -4 * cell)  # S mirrors cells at the border of what it gets
            projection.append(largest((low_band(parts.lf, cell) - parts.lf)[..., inside, inside]) / correction)
    return worst(means), worst(projection)


def tiles(network: Harmonic, crop: np.ndarray) -> float:
    """L4: strips of five tiles, as long as the reach each, so that the middle ones see no border of the picture.

    They grow brighter from end to end, so that no tile looks like the whole on average.
    """
    side = round_up(network.reach, network.grid)
    whole, tiled = (Restorer(network, device="cpu", precision="fp32", tile=tile) for tile in ("off", side))
    found = []
    for height, width in ((61, 5 * side + 7), (5 * side + 7, 61)):
        light = np.outer(np.linspace(0.1, 1, height), np.linspace(0.1, 1, width)).astype(np.float32) / 255
        picture = canvas(crop, height, width) * light[..., None]
        found.append(largest(tiled.restore(picture) - whole.restore(picture)))
    return worst(found)


def farthest(network: Harmonic, along: int) -> int:
    """L3: how far not-a-number at one pixel spreads along an axis (2 down, 3 across), in input pixels."""
    length, middle = (round_up(2 * (network.reach + 40), network.grid) // parts for parts in (1, 2))
    distances = []
    for offset in (0, 7, 31):
        shape = [1, 3, network.grid, network.grid]
        shape[along] = length
        x = torch.full(shape, 0.5)
        x.select(along, middle + offset)[..., network.grid // 2] = float("nan")
        with torch.inference_mode():
            touched = network(x).isnan().any(1)[0].any(3 - along)
        places = torch.nonzero(touched).flatten() // network.scale
        distances.append(int((places - middle - offset).abs().max()) if len(places) else 0)
    return max(distances)


def batch(network: Harmonic, crops: tuple[np.ndarray, ...]) -> float:
    """L6: four pictures of different brightness, together and alone."""
    side = min(96, *(min(crop.shape[:2]) for crop in crops))
    x = torch.cat([gain * to_tensor(crops[i % len(crops)][:side, :side]) for i, gain in enumerate((1, 0.1, 0, 1.5))])
    with torch.inference_mode():
        together = network(x, network.look(x))
        alone = torch.cat([network(one, network.look(one)) for one in x.split(1)])
    return largest(together - alone)


def failing_sizes(network: Harmonic, crop: np.ndarray) -> int:
    """L7: sizes with a result of the wrong shape, not finite, or that change their input."""
    failures = 0
    for height, width in ODD_SIZES:
        x = to_tensor(canvas(crop, height, width))
        before = x.clone()
        with torch.inference_mode():
            y = network(x, network.look(x))
        fits = y.shape == (1, 3, network.scale * height, network.scale * width)
        failures += not (fits and bool(y.isfinite().all()) and torch.equal(x, before))
    return failures


def repetition(network: Harmonic, crop: np.ndarray) -> tuple[float, float]:
    """Largest difference between two equal calls, and between one thread and several."""
    first, again = (parts_of(network, crop).mix() for _ in range(2))
    others = []
    for count in (1, 2):
        with thread_count(count):
            others.append(parts_of(network, crop).mix())
    return largest(first - again), worst([largest(first - other) for other in others])


def fusion(network: Harmonic, deployed: Harmonic, crop: np.ndarray) -> float:
    """L5: on odd sizes and on a picture."""
    sizes = (*ODD_SIZES, (crop.shape[0], crop.shape[1]))
    pictures = [canvas(crop, height, width) for height, width in sizes]
    return worst([largest(parts_of(network, p).mix() - parts_of(deployed, p).mix()) for p in pictures])


def largest(difference: Tensor | np.ndarray) -> float:
    """Of all absolute values; not-a-number if one is."""
    return float(np.abs(np.asarray(difference)).max())


def worst(values: list[float]) -> float:
    """The largest; not-a-number if one is, which Python's `max` may lose."""
    return float(np.max(values))


@contextmanager
def thread_count(count: int) -> Iterator[None]:
    """torch with so many threads, and back."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
