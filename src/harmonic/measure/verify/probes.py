"""Drawn pictures on which a failure shows itself alone: edges, flat colours, text (seed §1, failure hypotheses)."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Bicubic, Blur, Degradation, Jpeg, Noise, Round
from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, Picture, judge, not_applicable
from harmonic.measure.verify.drawing import sheet
from harmonic.measure.verify.passes import decibel
from harmonic.measure.verify.subject import Subject, parts_of, restored, to_array
from harmonic.network.harmonic import Harmonic
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import luma, psnr
from harmonic.train.synthetic import synthetic_picture

SIDE = 96
BORDER = 8  # left out at edges: blur repeats the border's pixels, and so does padding
STEPS = ((64, 192), (96, 160), (16, 240))
ANGLES = (0, 20, 45)  # degrees
BLURRED = (Blur(sigma=1.5), Round())
_CLEAN_ALONE = "the network enlarges clean pictures"
TEXT_DAMAGE = (Blur(sigma=1.0), Noise(sigma=8, clip=True), Round(), Jpeg(quality=50))


def check_ringing(subject: Subject) -> Iterator[Check]:
    """Overshoot beyond the two plateaus of a step, as a share of the step."""
    for bound, chain in ((bounds.RINGING_CLEAN, ()), (bounds.RINGING_BLUR, BLURRED)):
        if subject.scale > 1 and not chain:
            yield not_applicable(bound, "the network enlarges, and bicubic shrinking rings by itself")
            continue
        found = overshoots(subject, chain)
        worst = max(found, key=lambda edge: found[edge])
        edge = step_edge(*worst, SIDE * subject.scale)
        damaged = _damaged(edge, subject.scale, chain, 0)
        panes = {"edge": edge, "input": damaged, "restored": to_uint8(restored(subject.deployed, damaged))}
        low, high, angle = worst
        remark = f"the worst of {len(found)}: from {low} to {high} at {angle}°"
        yield judge(bound, found[worst], remark, _look("The step edge that rings most.", [panes]))


def check_drift(subject: Subject) -> Iterator[Check]:
    """Mean of flat colours, clean and under noise; against the input's own mean, which noise has moved already."""
    network, colours = subject.deployed, flat_colours()
    clean = [drift(network, colour) for colour in colours]
    yield judge(bounds.DRIFT_CLEAN, float(np.max(clean)), f"worst of {len(clean)} colours")
    if not subject.blind:
        yield not_applicable(bounds.DRIFT_NOISE, _CLEAN_ALONE)
        return
    noisy = [
        drift(network, degrade(colour, (Noise(sigma=25),), np.random.RandomState(i)))
        for i, colour in enumerate(colours)
    ]
    yield judge(bounds.DRIFT_NOISE, float(np.max(noisy)), f"worst of {len(noisy)} colours")


def check_text(subject: Subject) -> Iterator[Check]:
    """Drawn text, clean and damaged."""
    scale, network = subject.scale, subject.deployed
    side = SIDE * scale
    texts = [synthetic_picture(np.random.default_rng(i), side, side, "text") for i in range(4 if subject.quick else 12)]
    if scale > 1:
        yield not_applicable(bounds.TEXT_CLEAN, "the network enlarges, so no input is clean")
    else:
        kept = [decibel(psnr(to_uint8(restored(network, text)), text)) for text in texts]
        yield judge(bounds.TEXT_CLEAN, min(kept), f"the worst of {len(texts)} drawings; mean {np.mean(kept):.1f} dB")
    chain = TEXT_DAMAGE if scale == 1 else ()
    inputs = [_damaged(text, scale, chain, i) for i, text in enumerate(texts)]
    outputs = [to_uint8(restored(network, damaged)) for damaged in inputs]
    starts = inputs if scale == 1 else [_enlarged(network, damaged) for damaged in inputs]
    before, after = (
        float(np.mean([psnr(a, b) for a, b in zip(pictures, texts, strict=True)])) for pictures in (starts, outputs)
    )
    rows = [{"text": texts[i], "damaged": starts[i], "restored": outputs[i]} for i in range(3)]
    yield judge(bounds.TEXT_GAIN, after - before, f"from {before:.2f} to {after:.2f} dB", _look("Drawn text.", rows))
    if scale > 2:
        yield not_applicable(
            bounds.TEXT_CONTRAST, "strokes of a pixel or two are gone when a picture is shrunk by more than 2"
        )
        return
    contrasts = [edge_contrast(out, text) for out, text in zip(outputs, texts, strict=True)]
    start = float(np.mean([edge_contrast(a, text) for a, text in zip(starts, texts, strict=True)]))
    yield judge(bounds.TEXT_CONTRAST, float(np.mean(contrasts)), f"the input has {start:.2f}")


def check_checkerboard(subject: Subject) -> Iterator[Check]:
    """What repeats at the network's strides, on a flat grey: at all of them without noise, at the finer ones under it,
    where longer periods have too few repetitions to be told from chance."""
    network, least = subject.network, 128 if subject.quick else 256
    periods = {0: network.grid} | ({15: 2 * network.config.cell // subject.scale} if subject.blind else {})
    found = {sigma: print_through(subject, sigma, least, period) for sigma, period in periods.items()}
    remark = ", ".join(f"{value:.3f} in periods of {periods[sigma]} input pixels under noise of sigma {sigma}"
                       for sigma, value in found.items())  # fmt: skip
    yield judge(bounds.CHECKERBOARD, max(found.values()), remark)


def print_through(subject: Subject, sigma: float, least: int, period: int) -> float:
    """Largest deviation of a place within a period from the mean of all, in grey levels: what a grey picture is given.

    A period holds those that divide it. The noise itself has the same mean at every place, else its own chance pattern
    would be found. least: side in input pixels of what is looked at, rounded up to whole periods; half a period, or
    BORDER, stands around it, so that the border is not taken for a grid.
    """
    side, margin, grids = -(-least // period) * period, max(BORDER, period // 2), []
    inner = slice(margin * subject.scale, -margin * subject.scale)
    for seed in range(3 if sigma else 1):
        noise = sigma / 255 * np.random.RandomState(seed).standard_normal((side, side, 3))
        noise -= np.tile(phase_means(noise, period), (side // period, side // period, 1))
        around = np.pad(0.5 + noise, ((margin, margin), (margin, margin), (0, 0)), mode="wrap")
        grey = restored(subject.deployed, around.astype(np.float32))
        grids.append(phase_means(grey[inner, inner], period * subject.scale))
    mean = np.mean(grids, 0)
    return 255 * float(np.abs(mean - mean.mean((0, 1))).max())


def overshoots(subject: Subject, chain: Sequence[Degradation]) -> dict[tuple[int, int, int], float]:
    """By edge (low, high, angle)."""
    found, border = {}, BORDER * subject.scale
    for (low, high), angle in product(STEPS, ANGLES):
        damaged = _damaged(step_edge(low, high, angle, SIDE * subject.scale), subject.scale, chain, 0)
        inner = 255 * restored(subject.deployed, damaged)[border:-border, border:-border]
        found[low, high, angle] = max(float(inner.max()) - high, low - float(inner.min())) / (high - low)
    return found


def step_edge(low: float, high: float, angle: float, side: int = SIDE) -> np.ndarray:
    """An antialiased step through the middle. -> (side, side, 3) uint8"""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    turn = np.deg2rad(angle)
    cover = np.clip(x * np.cos(turn) + y * np.sin(turn) + 0.5, 0, 1)
    return np.repeat((low + (high - low) * cover + 0.5).astype(np.uint8)[..., None], 3, 2)


def flat_colours() -> list[np.ndarray]:
    """Nine colours, so far from black and white that noise is not clipped. (SIDE, SIDE, 3) float32"""
    levels = [(0.5,) * 3, (0.35,) * 3, (0.65,) * 3]
    levels += [tuple(0.65 if i == c else 0.4 for i in range(3)) for c in range(3)]
    levels += [tuple(0.4 if i == c else 0.6 for i in range(3)) for c in range(3)]
    return [np.full((SIDE, SIDE, 3), level, np.float32) for level in levels]


def drift(network: Harmonic, picture: np.ndarray) -> float:
    """Largest change of a channel's mean, in grey levels of 255."""
    return 255 * float(np.abs(restored(network, picture).mean((0, 1)) - picture.mean((0, 1))).max())


def edge_contrast(picture: np.ndarray, clean: np.ndarray) -> float:
    """How steep edges are where the clean picture has them: gradient along the clean one's, as a share of it."""
    dy, dx = np.gradient(luma(clean))
    py, px = np.gradient(luma(picture))
    return float((dy * py + dx * px).sum() / max((dy**2 + dx**2).sum(), 1e-12))


def phase_means(picture: np.ndarray, cell: int) -> np.ndarray:
    """Mean of each place within a cell. (H, W, C) -> (cell, cell, C)"""
    height, width = (side - side % cell for side in picture.shape[:2])
    cut = picture[:height, :width]
    return cut.reshape(height // cell, cell, width // cell, cell, -1).mean((0, 2), dtype=np.float64)


def _damaged(clean: np.ndarray, scale: int, chain: Sequence[Degradation], seed: int) -> np.ndarray:
    steps = [*chain, Bicubic(scale=scale)] if scale > 1 else list(chain)
    return to_uint8(degrade(to_float(clean, np.float64), steps, np.random.RandomState(seed)))


def _enlarged(network: Harmonic, damaged: np.ndarray) -> np.ndarray:
    return to_uint8(to_array(parts_of(network, damaged).base))


def _look(caption: str, rows: Sequence[dict[str, np.ndarray]]) -> list[Picture]:
    return [Picture(caption, sheet(rows))]
