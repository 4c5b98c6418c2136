"""The goals that were set before the training, beside what results/*.json hold; for `benchmarks/page.py`."""

import json
from pathlib import Path
from typing import NamedTuple

from headline import Figure, score_of

from harmonic.measure.markdown import markdown_table
from harmonic.measure.table import number


class Goal(NamedTuple):
    """least: mean PSNR in dB; gain: that it is over the input's."""

    figure: Figure
    least: float
    gain: bool = False


def _denoise(model: str, *least: float) -> list[Goal]:
    return [Goal(Figure(f"noise, σ {sigma}", model, "denoise", f"sigma {sigma}", "CBSD68"), value)
            for sigma, value in zip((15, 25, 50), least, strict=True)]  # fmt: skip


def _enlarge(model: str, setting: str, *least: float) -> list[Goal]:
    return [Goal(Figure(f"enlargement {setting}, luma", model, "sr", setting, data), value)
            for data, value in zip(("Set5", "Set14", "B100"), least, strict=True)]  # fmt: skip


def _jpeg(model: str, least: float) -> Goal:
    return Goal(Figure("JPEG, quality 10, colour", model, "jpeg", "quality 10", "LIVE1"), least, gain=True)


GOALS = (
    *_denoise("restore-fast", 33.6, 30.9, 27.6),
    _jpeg("restore-fast", 1.5),
    Goal(Figure("HMIX-1, moderate", "restore-fast", "hmix", "moderate", "LIVE1"), 2.8, gain=True),
    Goal(Figure("no damage", "restore-fast", "clean", "undamaged", "LIVE1"), 46),
    *_denoise("restore-base", 33.9, 31.2, 27.9),
    _jpeg("restore-base", 1.9),
    *_enlarge("sr2-fast", "x2", 37.6, 33.1, 31.9),
    *_enlarge("sr4-fast", "x4", 31.5, 28.1, 27.3),
)

TEXT = """## Goals

Set before the training: `restore-base` at CDnCNN's blind figures, `restore-fast` at most 0.3 dB below, the enlargers
ahead of VDSR and DnCNN-3. Mean PSNR in dB, or what it is above the input's; from the files of the sections below."""

MISSING = """What is missing, by the slopes of the last runs on a GPU, over the crops seen on GPUs (the cards
describe them):

- `restore-base`, noise: 0.13 / 0.09 / 0.04 dB a doubling at σ 15 / 25 / 50 (0.07 to 0.08 in the run before), so two
  to four doublings of 0.8 million crops: 1 to 6 hours of an H200 alone (40,000 crops a minute), 9 to 42 days of a CPU
  core (0.24 s a crop). Being 0.03 dB ahead of `restore-fast`, its width is to be doubted before its length.
- `restore-base`, JPEG: 0.05 dB a doubling, 0.4 dB missing, so not by length. The published networks above it were
  trained for JPEG alone, and SwinIR, with 12 million parameters, for one quality at a time.
- `restore-fast`: 0.08 dB (σ 15) and 0.045 dB (JPEG) a doubling of 0.55 million crops, so 0.2 and 0.9 million more: 5
  and 25 minutes of an H200, or 6 and 28 hours of a CPU core if its small batches taught as much, which they do not.
- `sr2-fast`: 0.02 dB (B100) a doubling of 0.46 million crops, a little more than one missing, 20 minutes of a shared
  H200. Set5 did not move in the last run: with 0.4 million parameters it wants a wider network. (`--ensemble`: 37.53
  / 33.44 / 31.93 dB.)

Tried without a gain worth keeping: a teacher, also one without noise in its targets; averages of weights; small
batches at low rates from finished weights. More noise and JPEG, squared errors and large batches made the last runs;
which of them it was is not known. Hard crops (`data.detailed`) gained on noise in short runs and wait for a long one.
All figures: [log](log.md)."""


def goals(results: Path) -> str:
    """A section of the page, Markdown."""
    rows = []
    for goal in GOALS:
        figure = goal.figure
        score = score_of(json.loads((results / f"quality-{figure.model}.json").read_text()), figure)
        reached = score["after"]["psnr"] - (score["before"]["psnr"] if goal.gain else 0)
        sign, short = "+" * goal.gain, goal.least - reached
        least = f"{sign}{goal.least:g}"
        rows.append([f"`{figure.model}`", figure.what, figure.data, least, sign + number(reached),
                     "–" if short <= 0 else number(short, 3)])  # fmt: skip
    head = ["model", "what", "set", "goal", "reached", "missing"]
    return f"{TEXT}\n\n{markdown_table(head, 'lllrrr', rows)}\n\n{MISSING}\n"
