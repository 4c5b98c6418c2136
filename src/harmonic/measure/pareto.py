"""Quality against what it costs: PSNR over latency, parameters and multiply-adds, one point a network."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase

from harmonic.measure.equal_table import common_steps, mean_of_columns, of_pictures, seeds_of
from harmonic.measure.line_ups import OURS

PANELS = (("fp32", "time, ratio to ours (fused, fp32)"), ("parameters", "parameters, M"), ("gmac", "GMAC / output MP"))

_PLACES = ((1, 1), (1, -1), (-1, 1), (-1, -1), (0, 2), (0, -2))  # of a name from its point: right, up
_AWAY = (5, 16, 28)  # points of type
_SIDES = {-1: "right", 0: "center", 1: "left"}


def draw_pareto(content: Mapping[str, Any]) -> bytes:
    """A file of results -> the bytes of a PNG: mean PSNR of the test columns after the common number of steps, with the
    seeds that all have.

    The line is the Pareto front: no network left of a point on it is as good.
    """
    runs, costs, steps = content["runs"], content["costs"], common_steps(content["runs"])
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    panels = figure.subplots(1, len(PANELS), sharey=True)
    seeds = {name: seeds_of(runs, name, steps) for name in costs if steps}
    names = [name for name, found in seeds.items() if found]
    shared = set.intersection(*(seeds[name] for name in names)) if names else set()
    shown: list[tuple[Axes, list[tuple[float, float, str]]]] = []
    for axes, (key, label) in zip(panels, PANELS, strict=True):
        unit = 1e-6 if key == "parameters" else 1
        points = sorted(
            (costs[name][key] * unit, mean_of_columns(of_pictures(runs, name, steps or 0, shared)), name)
            for name in names if shared and key in costs[name]
        )  # fmt: skip
        front, best = [], float("-inf")
        for x, y, name in points:
            axes.plot(x, y, "o", color=_colour(name))
            if y > best:
                front, best = [*front, (x, y)], y
        if front:
            axes.plot(*zip(*front, strict=True), color="grey", linewidth=0.8, zorder=0)
        axes.margins(x=0.3, y=0.2)  # room for the names
        axes.set(xlabel=label)
        axes.grid(alpha=0.3)
        shown.append((axes, points))
    panels[0].set(ylabel="mean PSNR of the test columns, dB")
    figure.suptitle(f"{content['table']}, {steps} steps each")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # only now it is known where points lie, and there they stay
    figure.set_layout_engine("none")
    for axes, points in shown:
        _name(axes, points, canvas.get_renderer())
    file = io.BytesIO()
    canvas.print_png(file, metadata={"Source": drawn_from(content)})
    return file.getvalue()


def drawn_from(content: Mapping[str, Any]) -> str:
    """Digest of what the picture shows, which it holds as text: an old one is told by it."""
    return hashlib.sha256(json.dumps([content["runs"], content["costs"]], sort_keys=True).encode()).hexdigest()[:16]


def _name(axes: Axes, points: Sequence[tuple[float, float, str]], renderer: RendererAgg) -> None:
    """Write each name beside its point, where it covers least of other names and points and stays inside."""
    places = [axes.transData.transform((x, y)) for x, y, _ in points]
    taken = [Bbox.from_bounds(across - 5, up - 5, 10, 10) for across, up in places]
    for x, y, name in points:
        tried = []
        for away, (right, up) in product(_AWAY, _PLACES):
            label = axes.annotate(
                name, (x, y), xytext=(6 * right, away * up), textcoords="offset points", fontsize="small",
                ha=_SIDES[right], va="center", color=_colour(name),
                arrowprops={"arrowstyle": "-", "color": _colour(name), "linewidth": 0.5} if away > _AWAY[0] else None,
            )  # fmt: skip
            label.update_positions(renderer)
            box = Text.get_window_extent(label, renderer)  # without its arrow, which starts on the point
            covered = sum(_area(Bbox.intersection(box, other)) for other in taken)
            outside = _area(box) - _area(Bbox.intersection(box, axes.bbox))
            tried.append((covered + outside + 0.01 * away, len(tried), label, box))
        _, _, chosen, box = min(tried)
        for _, _, label, _ in tried:
            if label is not chosen:
                label.remove()
        taken.append(box)


def _area(box: BboxBase | None) -> float:
    return 0.0 if box is None else box.width * box.height


def _colour(name: str) -> str:
    return "tab:red" if name == OURS else "tab:blue"
