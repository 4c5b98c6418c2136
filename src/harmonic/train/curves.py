"""A run's log as a picture: losses on the left, PSNR of the validation crops on the right."""

import io
from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

NOT_DRAWN = {"step", "progress", "lr", "left", "skipped", "seconds", "norm", "wait"}
"""Of the log's figures: neither losses nor decibels."""


def draw_curves(rows: Sequence[dict[str, float]]) -> bytes:
    """Rows of the log -> the bytes of a PNG file."""
    figure = Figure(figsize=(12, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    losses = [row for row in rows if "loss" in row]
    scores = [row for row in rows if "mean" in row]
    measured = {name for row in scores for name in row} - {name for row in losses if "mean" not in row for name in row}
    for name in sorted({name for row in losses for name in row} - measured - NOT_DRAWN):
        points = [(row["step"], row[name]) for row in losses if row.get(name, 0) > 0]
        if points and not name.startswith(("use_", "entropy")):
            left.plot(*zip(*points, strict=True), label=name, linewidth=1.6 if name == "loss" else 0.8)
    apart = right.twinx()  # clean pictures lie far above the others
    for name in sorted(measured):
        points = [(row["step"], row[name]) for row in scores if name in row]
        style = {"color": "grey", "linestyle": ":"} if name == "clean" else {"linewidth": 2 if name == "mean" else 0.8}
        (apart if name == "clean" else right).plot(*zip(*points, strict=True), label=name, marker=".", **style)
    apart.set(ylabel="clean")
    left.set(title="weighted losses", xlabel="step", yscale="log")
    right.set(title="validation, PSNR in dB", xlabel="step")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize="small")
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()
