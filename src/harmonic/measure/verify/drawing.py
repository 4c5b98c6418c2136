"""Pictures of a report: crops side by side, parts, spectra."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from harmonic.measure.verify.check import Picture
from harmonic.measure.verify.passes import BINS, Pass, damages
from harmonic.measure.verify.subject import Subject, parts_of, to_array
from harmonic.ops.eight_bit import to_uint8

SIDE = 192  # of a pane, in pixels
_GAP, _LINE, _GREY = 6, 16, 128
_GAIN = 4  # parts are small; shown around middle grey, so many times larger


def input_and_output(subject: Subject, passes: Sequence[Pass]) -> list[Picture]:
    """Clean, input, output and the error of the output, a row for each pass."""
    rows = []
    for one in passes:
        clean, output = subject.crops[one.crop], one.output
        error = _around_grey((output.astype(np.float32) - clean) / 255)
        panes = {
            f"crop {one.crop}, clean": clean,
            f"{one.case}, {one.before:.2f} dB": one.start,
            f"restored, {one.after:.2f} dB": output,
            f"error x{_GAIN}": error,
        }
        rows.append(panes)
    return [Picture("Clean, input, output and error, which is shown around grey.", sheet(rows))]


def parts_sheet(subject: Subject, passes: Sequence[Pass]) -> list[Picture]:
    """Input, LF, HF and output of a typical pass: the one of middle gain."""
    one = sorted(passes, key=lambda one: one.gain)[len(passes) // 2]
    clean = subject.crops[one.crop]
    parts = parts_of(subject.deployed, damages(subject.scale, subject.blind)[one.case](clean, one.crop))
    panes = {
        f"input, {one.case}": one.start,
        f"LF x{_GAIN}": _around_grey(to_array(parts.lf)),
        f"HF x{_GAIN}": _around_grey(to_array(parts.hf)),
        "output": one.output,
    }
    return [
        Picture(
            "The picture in its parts: input + LF + HF = output. Corrections are shown around grey.", sheet([panes])
        )
    ]


def sheet(rows: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
    """Rows of titled panes, the middle SIDE pixels of each picture (H, W, 3) uint8. -> (H', W', 3) uint8

    Small pictures are shown larger, pixel by pixel.
    """
    columns = max(len(panes) for panes in rows)
    size = (_GAP + columns * (SIDE + _GAP), _GAP + len(rows) * (SIDE + _LINE + _GAP))
    image = Image.new("RGB", size, (255, 255, 255))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    for row, panes in enumerate(rows):
        for column, (title, picture) in enumerate(panes.items()):
            left, top = _GAP + column * (SIDE + _GAP), _GAP + row * (SIDE + _LINE + _GAP)
            draw.text((left, top), title, (0, 0, 0), font)
            image.paste(Image.fromarray(_pane(picture)), (left, top + _LINE))
    return np.asarray(image)


def _pane(picture: np.ndarray) -> np.ndarray:
    larger = max(1, SIDE // max(picture.shape[:2]))
    picture = picture.repeat(larger, 0).repeat(larger, 1)
    y, x = (max(0, (side - SIDE) // 2) for side in picture.shape[:2])
    return picture[y : y + SIDE, x : x + SIDE]


def spectra_plot(power: np.ndarray) -> Picture:
    """Power by frequency, (3, BINS) for clean, input and output, on a logarithmic scale, as SVG."""
    width, height, left, below = 560, 240, 46, 34
    level = 10 * np.log10(np.maximum(power, 1e-12))
    low, high = 10 * np.floor(level.min() / 10), 10 * np.ceil(level.max() / 10)
    low = max(low, high - 80)
    x = left + (np.arange(BINS) + 0.5) / BINS * (width - left - 8)
    y = 8 + (high - np.maximum(level, low)) / max(high - low, 1) * (height - below - 8)
    colours = ("#2da44e", "#d1242f", "#0969da")
    lines = [
        f'<polyline fill="none" stroke="{colour}" stroke-width="2" '
        f'points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, line, strict=True))}"/>'
        for colour, line in zip(colours, y, strict=True)
    ]
    grid = [
        f'<line x1="{left}" x2="{width - 8}" y1="{place:.1f}" y2="{place:.1f}" stroke="#8885"/>'
        f'<text x="{left - 6}" y="{place + 4:.1f}" text-anchor="end">{level:.0f}</text>'
        for level, place in (
            (v, 8 + (high - v) / (high - low) * (height - below - 8)) for v in np.arange(low, high + 1, 20)
        )
    ]
    ticks = [
        f'<text x="{left + f * 2 * (width - left - 8):.0f}" y="{height - below + 16}" text-anchor="middle">{f:g}</text>'
        for f in (0, 0.1, 0.2, 0.3, 0.4, 0.5)
    ]
    names = [
        f'<text x="{width - 12}" y="{24 + 16 * i}" text-anchor="end" style="fill:{colour}">{name}</text>'
        for i, (name, colour) in enumerate(zip(("clean", "input", "output"), colours, strict=True))
    ]
    axis = (
        f'<text x="{width / 2}" y="{height - 3}" text-anchor="middle">cycles per pixel; power of the luma in dB</text>'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">'
    svg = "".join([head, *grid, *ticks, axis, *lines, *names, "</svg>"])
    return Picture("Power by frequency, mean over the damaged crops.", svg=svg)


def _around_grey(part: np.ndarray) -> np.ndarray:
    """(H, W, 3) in units of the picture -> uint8, 0 as middle grey, _GAIN times larger."""
    return to_uint8(_GREY / 255 + _GAIN * part)
