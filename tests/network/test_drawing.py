"""The picture of a network: its values, its arrows, and nothing on top of anything else."""

import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from harmonic.network.config import variant
from harmonic.network.drawing import draw
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import PRESETS, tiny

DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"
CASES = {f"{preset}-x{scale}": PRESETS[preset](scale) for preset in PRESETS for scale in (1, 4)} | {
    "no-fusion": variant(tiny(), fusion=None),
    "no-hf": variant(tiny(), hf=None),
    "no-lf": variant(tiny(), lf=None, fusion=None),
    "plain": variant(tiny(), lf=None, hf=None, fusion=None),
}

Rectangle = tuple[float, float, float, float]


def boxes(root: ET.Element) -> list[Rectangle]:
    """Left, top, right, bottom of every part."""
    frames = ((float(r.get(k, "nan")) for k in ("x", "y", "width", "height")) for r in root.iter(f"{SVG}rect"))
    return [(x, y, x + w, y + h) for x, y, w, h in frames]


def words(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def check_no_overlap(root: ET.Element) -> None:
    """Boxes stand apart and inside the page; lines run between them, never through one; text fits its box."""
    _, _, width, height = map(float, root.get("viewBox", "").split())
    parts = boxes(root)
    for a, b in combinations(parts, 2):
        assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1], f"{a} and {b}"
    assert all(min(x0, y0) > 0 and x1 < width and y1 < height for x0, y0, x1, y1 in parts)
    for line in root.iter(f"{SVG}polyline"):
        points = [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        for (ax, ay), (bx, by) in pairwise(points):
            assert ax == bx or ay == by, "a slanted line"
            for x0, y0, x1, y1 in parts:
                apart = max(ax, bx) <= x0 or min(ax, bx) >= x1 or max(ay, by) <= y0 or min(ay, by) >= y1
                assert apart, f"a line from {ax},{ay} to {bx},{by} runs through {x0},{y0}"
    assert all(len(text) <= 24 for text in words(root)[2:]), "wider than a box"


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps(name):
    check_no_overlap(ET.fromstring(draw(Harmonic(CASES[name]), name)))


def test_the_overlap_check_notices_a_line_through_a_box():
    drawn = draw(Harmonic(tiny()), "tiny")
    x0, y0, x1, y1 = boxes(ET.fromstring(drawn))[3]
    planted = f'<polyline points="{x0 - 5},{(y0 + y1) / 2} {x1 + 5},{(y0 + y1) / 2}"/></svg>'
    with pytest.raises(AssertionError, match="runs through"):
        check_no_overlap(ET.fromstring(drawn.replace("</svg>", planted)))


def test_the_picture_shows_the_values_of_the_configuration():
    shown = words(ET.fromstring(draw(Harmonic(PRESETS["base"]()), "base")))
    for expected in (
        "48 channels, 1/2",
        "192 channels, 1/8",
        "hybrid 8x8, lattice",
        "16 tokens of 64",
        "2 of 4 experts",
    ):
        assert expected in shown
    assert {"InputEmbed", "Bottleneck", "LFBranch", "HFBranch", "HighPass", "Tail", "TextureHead"} <= set(shown)
    assert "state space, strip 8" in words(ET.fromstring(draw(Harmonic(PRESETS["large"]()), "large")))
    plain = words(ET.fromstring(draw(Harmonic(CASES["plain"]), "plain")))
    assert "PlainTail" in plain and not {"LFBranch", "HFBranch", "HighPass", "FreqFusion 0"} & set(plain)


@pytest.mark.parametrize("preset", ["fast", "base"])
def test_the_pictures_in_the_documents_are_current(preset):
    hint = f"run: harmonic info {preset} --svg docs/network-{preset}.svg"
    drawn = draw(Harmonic(PRESETS[preset]()), preset)
    assert (DOCS / f"network-{preset}.svg").read_text(encoding="utf-8") == drawn, hint
