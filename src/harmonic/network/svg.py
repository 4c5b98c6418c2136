"""Boxes with text and arrows between them, as SVG. No background: the colours can be read on white and on black."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

LINE = 17
PADDING = 9
BOX_WIDTH = 150
GREY = "#7d8590"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

# Fill and border, by what a part belongs to.
COLOURS = {
    "picture": ("#ececec", "#8c8c8c"),
    "trunk": ("#dce6f2", "#6486ad"),
    "low": ("#d8eddd", "#539468"),
    "high": ("#fae5cc", "#c98b42"),
    "meet": ("#e8def3", "#8f72b5"),
}

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A part: corner in pixels, one of `COLOURS`, a title and lines about it. Its height follows from its text."""

    x: float
    y: float
    colour: str
    title: str
    lines: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        return LINE * (1 + len(self.lines)) + 2 * PADDING

    def left(self, place: float = 0.5) -> Point:
        """A point of the left side; place: 0 at the top, 1 at the bottom."""
        return self.x, self.y + place * self.height

    def right(self, place: float = 0.5) -> Point:
        return self.x + BOX_WIDTH, self.y + place * self.height

    def top(self, place: float = 0.5) -> Point:
        """A point of the upper side; place: 0 at the left, 1 at the right."""
        return self.x + place * BOX_WIDTH, self.y

    def bottom(self) -> Point:
        return self.x + 0.5 * BOX_WIDTH, self.y + self.height


def document(title: str, width: float, height: float, content: Iterable[str]) -> str:
    """A whole file of width x height pixels."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'font-family="{FONT}" font-size="12">'
    )
    arrow = (
        f'<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0.5 8 4 0 7.5z" fill="{GREY}"/></marker></defs>'
    )
    return "\n".join([head, f"<title>{escape(title)}</title>", arrow, *content, "</svg>"]) + "\n"


def box(part: Box) -> str:
    fill, border = COLOURS[part.colour]
    middle = part.x + BOX_WIDTH / 2
    rows = [text((middle, part.y + PADDING + 13), part.title, colour="#1f2328", weight=600)]
    for i, line in enumerate(part.lines, 1):
        rows.append(text((middle, part.y + PADDING + 12 + i * LINE), line, colour="#3d444d"))
    frame = (
        f'<rect x="{part.x:g}" y="{part.y:g}" width="{BOX_WIDTH}" height="{part.height:g}" rx="7" '
        f'fill="{fill}" stroke="{border}" stroke-width="1.2"/>'
    )
    return "\n".join([frame, *rows])


def text(at: Point, words: str, colour: str = GREY, weight: int = 400, anchor: str = "middle", size: int = 12) -> str:
    return (
        f'<text x="{at[0]:g}" y="{at[1]:g}" fill="{colour}" font-weight="{weight}" font-size="{size}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def arrow(*points: Point, dashed: bool = False) -> str:
    """A line through the points with a head at the last one. dashed: carries nothing but the picture itself."""
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    style = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{GREY}" stroke-width="1.5" stroke-linejoin="round"{style} '
        'marker-end="url(#arrow)"/>'
    )


def across(start: Point, end: Point, at: float) -> str:
    """An arrow along a row, up or down at x = `at`, and along a row again."""
    return arrow(start, (at, start[1]), (at, end[1]), end)


def corner(start: Point, end: Point) -> str:
    """An arrow along a row, then up or down."""
    return arrow(start, (end[0], start[1]), end)
