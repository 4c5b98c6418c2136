"""The table of figures in README.md, written by `benchmarks/page.py` from results/*.json. Nothing is measured here."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from harmonic.measure.markdown import markdown_table
from harmonic.measure.table import number

BEGIN, END = "<!-- figures: make docs -->", "<!-- end of figures -->"


class Figure(NamedTuple):
    """what: in a reader's words. The rest names a row of results/quality-MODEL.json."""

    what: str
    model: str
    suite: str
    setting: str
    data: str


FIGURES = (
    Figure("noise, σ 25, on CBSD68", "restore-fast", "denoise", "sigma 25", "CBSD68"),
    Figure("JPEG, quality 10, on LIVE1 in colour", "restore-fast", "jpeg", "quality 10", "LIVE1"),
    Figure("blur, σ 2, on CBSD68", "restore-fast", "deblur", "sigma 2.0", "CBSD68"),
    Figure("blur, noise and JPEG (HMIX-1, moderate) on LIVE1", "restore-fast", "hmix", "moderate", "LIVE1"),
    Figure("no damage, LIVE1", "restore-fast", "clean", "undamaged", "LIVE1"),
    Figure("shrunk to half, Set5, luma", "sr2-fast", "sr", "x2", "Set5"),
    Figure("shrunk to a quarter, Set5, luma", "sr4-fast", "sr", "x4", "Set5"),
)


def headline(results: Path) -> str:
    """Markdown: PSNR of inputs (enlarged by bicubic, where they are small) and outputs. Raises StopIteration for a row
    that is not in results."""
    rows = []
    for figure in FIGURES:
        score = score_of(json.loads((results / f"quality-{figure.model}.json").read_text()), figure)
        before = "–" if figure.suite == "clean" else number(score["before"]["psnr"])
        rows.append([figure.what, before, number(score["after"]["psnr"]), f"`{figure.model}`"])
    return markdown_table(["mean PSNR in dB", "before", "after", "model"], "lrrl", rows)


def with_headline(text: str, table: str) -> str:
    """A README with the table between its marks. Raises ValueError without them."""
    pattern = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"README.md: the lines {BEGIN} and {END} are missing")
    return pattern.sub(lambda _: f"\n{table}\n\n", text, count=1)


def score_of(content: dict[str, Any], figure: Figure) -> dict[str, Any]:
    """The first of that name: where pictures are taken in colour and in grey, colour."""
    wanted = (figure.suite, figure.setting, figure.data)
    return next(s for s in content["scores"] if (s["suite"], s["setting"], s["set"]) == wanted)
