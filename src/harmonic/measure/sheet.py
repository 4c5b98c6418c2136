"""A contact sheet of results: crops of what went in, what came out, and the clean picture, with their figures."""

import math
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from harmonic.images.atomic import atomic_write
from harmonic.measure.score import Sight
from harmonic.ops.quality import grey

SIDE = 128
"""Pixels a side of a crop, shown at twice its size, pixel by pixel."""
_ZOOM, _GAP, _LINE, _COLUMNS = 2, 8, 16, 2
_PANE = SIDE * _ZOOM


@dataclass(frozen=True, eq=False)
class Strip:
    """Crops side by side, (SIDE, SIDE, 3) uint8 or smaller, under one caption."""

    crops: tuple[np.ndarray, ...]
    caption: str


@dataclass(eq=False)
class Sheet:
    """Collects the first pictures of every setting. each: how many of them."""

    each: int = 2
    strips: list[Strip] = field(default_factory=list)
    taken: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, sight: Sight) -> None:
        place = (sight.suite.name, sight.suite.protocol, sight.setting.name, sight.data)
        self.taken[place] = self.taken.get(place, 0) + 1
        if self.taken[place] <= self.each:
            self.strips.append(strip(sight))

    def write(self, file: Path) -> None:
        """As PNG, replacing a file of that name."""
        buffer = BytesIO()
        Image.fromarray(draw(self.strips)).save(buffer, "PNG")
        atomic_write(file, buffer.getvalue(), overwrite=True)


def save_output(sight: Sight, folder: Path) -> None:
    """The output as PNG: folder/suite-set-setting/picture.png, `grey` in it where it is, replacing what is there."""
    grey_too = ["grey"] if sight.suite.colour == "grey" else []
    name = "-".join([sight.suite.name, *grey_too, sight.data, sight.setting.name]).replace(" ", "-")
    buffer = BytesIO()
    Image.fromarray(sight.after).save(buffer, "PNG")
    atomic_write(folder / name / f"{sight.score.picture}.png", buffer.getvalue(), overwrite=True)


def strip(sight: Sight) -> Strip:
    """The place of most detail of the clean picture (of the output where there is none) in all pictures."""
    guide = sight.after if sight.clean is None else sight.clean
    y, x = busiest(guide, SIDE)
    pictures = [p for p in (sight.before, sight.after, sight.clean) if p is not None]
    crops = tuple(_colour(picture[y : y + SIDE, x : x + SIDE]) for picture in pictures)
    before, after = sight.score.before.figures(), sight.score.after.figures()
    figures = [f"{name} {float(before[name]):.2f} > {float(after[name]):.2f}" for name in after if name in before]
    shown = [figure for figure in figures if figure.startswith(("psnr ", "ssim ", "niqe_free "))]
    return Strip(
        crops, f"{sight.suite.name} {sight.setting.name}, {sight.data} {sight.score.picture}: {', '.join(shown)}"
    )


def busiest(picture: np.ndarray, side: int) -> tuple[int, int]:
    """Top left corner, in steps of a quarter of `side`, of the window with the largest mean gradient. (H, W[, 3])"""
    plane = grey(picture)
    change = np.abs(np.diff(plane, axis=0, append=plane[-1:])) + np.abs(np.diff(plane, axis=1, append=plane[:, -1:]))
    sums = np.pad(change.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    height, width = (min(side, extent) for extent in plane.shape)
    step = max(1, side // 4)
    corners = [(y, x) for y in range(0, plane.shape[0] - height + 1, step)
               for x in range(0, plane.shape[1] - width + 1, step)]  # fmt: skip
    return max(corners, key=lambda c: sums[c[0] + height, c[1] + width] - sums[c[0], c[1] + width]
               - sums[c[0] + height, c[1]] + sums[c[0], c[1]])  # fmt: skip


def draw(strips: list[Strip]) -> np.ndarray:
    """Two strips to a row: input, output, clean. -> (H, W, 3) uint8; raises ValueError when there are none."""
    if not strips:
        raise ValueError("a contact sheet needs at least one picture")
    panes = max(len(strip.crops) for strip in strips)
    width, height = panes * (_PANE + 2), _PANE + _LINE + _GAP
    columns = min(len(strips), _COLUMNS)
    rows = math.ceil(len(strips) / columns)
    sheet = Image.new("RGB", (_GAP + columns * (width + _GAP), _LINE + _GAP + rows * height), (255, 255, 255))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    pen.text((_GAP, 2), "from left to right: input, output, clean picture if there is one", (0, 0, 0), font)
    for place, entry in enumerate(strips):
        left, top = _GAP + place % columns * (width + _GAP), _LINE + _GAP + place // columns * height
        for i, crop in enumerate(entry.crops):
            shown = Image.fromarray(crop).resize(
                (crop.shape[1] * _ZOOM, crop.shape[0] * _ZOOM), Image.Resampling.NEAREST
            )
            sheet.paste(shown, (left + i * (_PANE + 2), top))
        pen.text((left, top + _PANE + 1), entry.caption, (0, 0, 0), font)
    return np.asarray(sheet)


def _colour(crop: np.ndarray) -> np.ndarray:
    return crop if crop.ndim == 3 else np.repeat(crop[..., None], 3, 2)
