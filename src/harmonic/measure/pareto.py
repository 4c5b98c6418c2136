"""Quality against what it costs: PSNR over latency, parameters and multiply-adds, one point a network."""

import io
from collections.abc import Mapping
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from harmonic.measure.equal_table import common_steps, mean_of_columns, of_pictures
from harmonic.measure.line_ups import OURS

PANELS = (("fp32", "time, ratio to ours (fused, fp32)"), ("parameters", "parameters, M"), ("gmac", "GMAC / output MP"))


def draw_pareto(content: Mapping[str, Any]) -> bytes:
    """A file of results -> the bytes of a PNG: mean PSNR of the test columns after the common number of steps.

    The line is the Pareto front: no network left of a point on it is as good.
    """
    runs, costs, steps = content["runs"], content["costs"], common_steps(content["runs"])
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    panels = figure.subplots(1, len(PANELS), sharey=True)
    names = [name for name in costs if steps and of_pictures(runs, name, steps)]
    for axes, (key, label) in zip(panels, PANELS, strict=True):
        unit = 1e-6 if key == "parameters" else 1
        points = sorted(
            (costs[name][key] * unit, mean_of_columns(of_pictures(runs, name, steps or 0)), name)
            for name in names if key in costs[name]
        )  # fmt: skip
        front, best = [], float("-inf")
        middle = (points[0][0] + points[-1][0]) / 2 if points else 0
        for i, (x, y, name) in enumerate(points):  # names point inwards, and neighbours' up and down in turn
            colour = "tab:red" if name == OURS else "tab:blue"
            axes.plot(x, y, "o", color=colour)
            side, beside = ("right", -6) if x > middle else ("left", 6)
            above = 5 if i % 2 == 0 else -12
            axes.annotate(name, (x, y), xytext=(beside, above), textcoords="offset points", ha=side,
                          fontsize="small", color=colour)  # fmt: skip
            if y > best:
                front, best = [*front, (x, y)], y
        if front:
            axes.plot(*zip(*front, strict=True), color="grey", linewidth=0.8, zorder=0)
        axes.margins(x=0.25, y=0.15)  # room for the names
        axes.set(xlabel=label)
        axes.grid(alpha=0.3)
    panels[0].set(ylabel="mean PSNR of the test columns, dB")
    figure.suptitle(f"{content['table']}, {steps} steps each")
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()
