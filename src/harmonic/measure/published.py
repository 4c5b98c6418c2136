"""Published rows beside ours. Rows stand beside each other only for one task, set, setting and measure of closeness.

A row says what its network was told and trained on, and whether a stored source confirms it: rows of other classes of
training data are context, no contest (protocols P-SR-14, P-DN-4, P-JP-6).
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harmonic.errors import UsageError
from harmonic.measure.markdown import markdown_table
from harmonic.measure.table import Content

INPUT_METHODS = ("Bicubic", "JPEG input")
"""Rows of the input itself: whoever measures alike gets them to the last digit."""

_METRICS = {
    "sr": "PSNR-Y",
    "denoise-awgn-color": "PSNR-RGB",
    "jpeg-color": "PSNR-RGB",
    "jpeg-gray": "PSNR",
    "all-in-one-3": "PSNR-RGB",
}
_SIMILARITIES = {"all-in-one-3": "ssim_box"}  # of other tasks: ssim


@dataclass(frozen=True)
class Published:
    """One figure of one table. told: blind, non-blind, one network per level, or "" where the source does not say."""

    task: str
    set: str
    setting: str
    method: str
    psnr: float
    ssim: float | None
    told: str
    trained_on: str
    parameters: str
    confirmed: bool
    source: str


def read_published(file: Path) -> list[Published]:
    """Rows of a table with columns task, dataset, setting, metric, method, value, ssim, params_M, train_data, source.

    A column `class` may say what a network was told; else words in the method's name count. Rows of other measures
    are left out. Raises UsageError for a file that cannot be read or lacks a column.
    """
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            lines = list(csv.DictReader(opened))
        return [_row(row) for row in lines if _METRICS.get(row["task"]) == row["metric"]]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: this table cannot be read ({error}); check the path") from None
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{file}: not a table of published rows ({error}); see results/published.csv") from None


def beside_published(content: Content, rows: Iterable[Published]) -> str:
    """A table for each task and set that both have; ours is bold. Figures: PSNR in dB / SSIM. Markdown, maybe empty"""
    rows, tables = list(rows), []
    for (task, data, protocol), scores in _grouped(content["scores"]).items():
        settings = [score["published_setting"] for score in scores]
        found = [row for row in rows if (row.task, row.set) == (task, data) and row.setting in settings]
        if scores[0]["inputs_only"]:
            found = [row for row in found if row.method in INPUT_METHODS]
        methods = dict.fromkeys(row.method for row in found)
        if not methods:
            continue
        ours = [
            f"**{float(s['after']['psnr']):.2f} / {s['after'][_SIMILARITIES.get(task, 'ssim')]:.4f}**" for s in scores
        ]
        told = "–" if not content["model"] else "per scale" if task == "sr" else "blind"
        head = ["method", "class", "M", "trained on", "source", *settings]
        name = f"**{content['model'] or 'input, measured here'}**"
        first = [name, told, "–", content["trained_on"] or "–", "measured", *ours]
        others = sorted((_line(m, found, settings) for m in methods), key=lambda cells: _last(cells[5:]))
        table = markdown_table(head, "l" * 5 + "r" * len(settings), [first, *others])
        tables.append(f"{data}, {task}, {protocol}\n\n{table}")
    return "\n\n".join(tables) + "\n" if tables else ""


def reproduced(content: Content, rows: Iterable[Published]) -> list[tuple[Content, Published]]:
    """Our scores of the inputs themselves with the published rows that they should be equal to."""
    wanted = {(row.task, row.set, row.setting): row for row in rows if row.method in INPUT_METHODS}
    places = [(score, (score["task"], score["set"], score["published_setting"])) for score in content["scores"]]
    return [(score, wanted[place]) for score, place in places if place in wanted]


def _row(row: dict[str, str]) -> Published:
    return Published(
        task=row["task"],
        set=row["dataset"],
        setting=row["setting"],
        method=row["method"],
        psnr=float(row["value"]),
        ssim=float(row["ssim"]) if row["ssim"] else None,
        told=row.get("class") or _told(row["method"]),
        trained_on=row["train_data"],
        parameters=row["params_M"],
        confirmed="(unconfirmed)" not in row["source"],
        source=row["source"],
    )


def _told(method: str) -> str:
    for word in ("non-blind", "blind", "per-q"):
        if f"({word}" in method:
            return word
    return ""


def _grouped(scores: Sequence[Content]) -> dict[tuple[str, str, str], list[Content]]:
    groups: dict[tuple[str, str, str], list[Content]] = {}
    for score in scores:
        if score["task"]:
            groups.setdefault((score["task"], score["set"], score["protocol"]), []).append(score)
    return groups


def _line(method: str, rows: Sequence[Published], settings: Sequence[str]) -> list[str]:
    own = {row.setting: row for row in rows if row.method == method}
    some = next(iter(own.values()))
    status = "confirmed" if all(row.confirmed for row in own.values()) else "unconfirmed"
    figures = [_figure(own.get(setting)) for setting in settings]
    return [method, some.told or "not said", some.parameters or "–", some.trained_on or "–", status, *figures]


def _figure(row: Published | None) -> str:
    if row is None:
        return "–"
    return f"{row.psnr:.2f}" + ("" if row.ssim is None else f" / {row.ssim:g}")


def _last(figures: Sequence[str]) -> float:
    """The last figure that there is: the hardest setting comes last, and most rows have it."""
    return next((float(figure.split(" ")[0]) for figure in reversed(figures) if figure != "–"), 0.0)
