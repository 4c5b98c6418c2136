"""A contact sheet: crops of clean pictures beside the same crops of their copies, and what was done to them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from harmonic.degrade.kinds import Chain

PANE = 256  # pixels a side
_GAP, _LINE, _LINES, _COLUMNS = 8, 15, 5, 2
_WIDTH, _HEIGHT = 2 * PANE + _GAP, PANE + _LINES * _LINE + _GAP
_PAPER, _INK = 255, 0


@dataclass(frozen=True, eq=False)
class Pair:
    """One entry. clean, degraded: (PANE, PANE, 3) uint8 or smaller, as `pane` makes them; title and caption: a line."""

    clean: np.ndarray
    degraded: np.ndarray
    title: str
    caption: str


def pair(clean: np.ndarray, degraded: np.ndarray, title: str, chain: Chain) -> Pair:
    """(H, W, C) and (h, w, C) uint8 -> the middle of both, pixel by pixel of the clean one, without smoothing."""
    height, width = clean.shape[:2]
    y, x = (np.arange(min(side, PANE)) + max(0, (side - PANE) // 2) for side in (height, width))

    def seen(picture: np.ndarray) -> np.ndarray:
        rows, columns = (y * picture.shape[0] // height, x * picture.shape[1] // width)
        return np.broadcast_to(picture[rows[:, None], columns], (len(y), len(x), 3)).copy()

    return Pair(seen(clean), seen(degraded), title, described(chain))


def described(chain: Chain) -> str:
    """`blur 1.6 > jpeg 30 4:2:0`: the values of each step that are not its defaults, the first without its name."""
    return " > ".join(map(_step, chain)) or "clean"


def _step(step: object) -> str:
    values = step.model_dump(exclude_defaults=True)  # pyright: ignore[reportAttributeAccessIssue]
    words = [step.kind]  # pyright: ignore[reportAttributeAccessIssue]
    for place, (name, value) in enumerate(values.items()):
        text = f"{value:.3g}" if isinstance(value, float) else f"{value}"
        words.append(name if value is True else text if place == 0 else f"{name} {text}")
    return " ".join(words)


def contact_sheet(pairs: Sequence[Pair]) -> np.ndarray:
    """Two pairs to a row. -> (H, W, 3) uint8; raises ValueError when there are none."""
    if not pairs:
        raise ValueError("a contact sheet needs at least one pair")
    columns, rows = min(len(pairs), _COLUMNS), -(-len(pairs) // _COLUMNS)
    sheet = Image.new("RGB", (_GAP + columns * (_WIDTH + 2 * _GAP), _GAP + rows * (_HEIGHT + _GAP)), (_PAPER,) * 3)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for place, entry in enumerate(pairs):
        left = _GAP + place % _COLUMNS * (_WIDTH + 2 * _GAP)
        top = _GAP + place // _COLUMNS * (_HEIGHT + _GAP)
        sheet.paste(Image.fromarray(entry.clean), (left, top))
        sheet.paste(Image.fromarray(entry.degraded), (left + PANE + _GAP, top))
        lines = [*_wrapped(entry.title, font)[:1], *_wrapped(entry.caption, font)][:_LINES]
        for number, line in enumerate(lines):
            draw.text((left, top + PANE + 2 + number * _LINE), line, (_INK,) * 3, font)
    return np.asarray(sheet)


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """Lines no wider than an entry, broken between words; a word that is wider is cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) > _WIDTH and lines[-1]:
            longer = word
            lines.append("")
        while font.getlength(longer) > _WIDTH:
            longer = longer[:-1]
        lines[-1] = longer
    return lines
