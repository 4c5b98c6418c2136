"""Synthetic pictures that are drawn: shapes, lines, glyphs, dead leaves. Drawn larger, then averaged down.

Averaging whole blocks is the exact share of a pixel that a shape covers, to one part in FINE²: the edge that a
sharp lens gives.
"""

import string

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from harmonic.train.colours import contrasting, palette
from harmonic.train.fields import backdrop, illumination, texture_field, two_toned

FINE = 3
"""Drawn pixels per pixel and side."""

_LETTERS = string.ascii_lowercase * 3 + string.ascii_uppercase + string.digits
_MARKS = "!\"#$%&'()*+,-./:;<=>?@[]_{|}~©«±»…™"

Points = list[tuple[float, float]]


def edges(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A few large shapes with sharp edges and shaded insides.

    -> (height, width, 3) float32 in [0, 255], as all functions here.
    """
    count = int(rng.integers(4, 13))
    sizes = max(height, width) * FINE * np.exp(rng.uniform(np.log(0.15), np.log(1.5), count))
    colours = palette(rng, count + 1)
    picture = backdrop(rng, height, width, colours[0])
    for outline, colour in zip(_outlines(rng, sizes, width, height, corners=96), colours[1:], strict=True):
        mask = Image.new("L", (width * FINE, height * FINE))
        ImageDraw.Draw(mask).polygon(outline, fill=255)
        picture = _over(picture, mask, backdrop(rng, height, width, colour))
    return picture


def grids(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Line drawings of 1 to 3 pixels: lattices, bricks, fans, circles, curves, hatching."""
    ink, paper = contrasting(rng, least=60)
    mask = Image.new("L", (width * FINE, height * FINE))
    for _ in range(rng.integers(1, 3)):
        thick = max(1, round(rng.uniform(1, 3) * FINE))
        for line in _lines(rng, *mask.size):
            ImageDraw.Draw(mask).line(line, fill=255, width=thick, joint="curve" if len(line) > 2 else None)
    return _over(backdrop(rng, height, width, paper), mask, backdrop(rng, height, width, ink))


def texts(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Lines of glyphs of 6 to 40 pixels, straight or turned: Latin words, or strokes in square cells as other scripts.

    Pixels depend on the version of Pillow, whose bundled font is drawn.
    """
    ink, paper = contrasting(rng, least=50, most=235)
    angle = rng.choice([0, rng.normal(0, 4), rng.uniform(-90, 90)], p=[0.5, 0.3, 0.2])
    wide, high = width * FINE, height * FINE
    if angle:  # as large as the diagonal, so that it covers the picture at any angle
        wide = high = int(np.hypot(wide, high)) + 2
    mask = Image.new("L", (wide, high))
    pen = ImageDraw.Draw(mask)
    size = round(np.exp(rng.uniform(np.log(6), np.log(40))) * FINE)
    latin, spacing = rng.random() < 0.7, rng.uniform(1.1, 1.8)
    for y in np.arange(-rng.uniform(0, size), high, size * spacing):
        if latin:
            words = _words(rng, 2 + 2 * wide // size)
            pen.text((-rng.uniform(0, size), y), words, fill=255, font=ImageFont.load_default(size))
        else:
            _strokes(rng, pen, y, wide, size)
    if angle:
        left, top = (wide - width * FINE) // 2, (high - height * FINE) // 2
        mask = mask.rotate(angle, Image.Resampling.BICUBIC)
        mask = mask.crop((left, top, left + width * FINE, top + height * FINE))
    ground = backdrop(rng, height, width, paper)
    if rng.random() < 0.3:
        ground = 0.75 * ground + 0.25 * two_toned(rng, height, width)
    return _over(ground, mask, ink)


def screens(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Black, white and saturated areas, as logos and interfaces have: one, or rectangles of whole pixels over it.

    Some of a rectangle's pixels may be left out in a pattern: chequers, or lines across.
    """
    picture = np.full((height, width, 3), _pure(rng), np.float32)
    y, x = np.mgrid[:height, :width]
    for _ in range(rng.integers(1, 5) if rng.random() < 0.5 else 0):
        (top, bottom), (left, right) = (sorted(rng.integers(side + 1, size=2)) for side in (height, width))
        within = (top <= y) & (y < bottom) & (left <= x) & (x < right)
        pitch = rng.choice([1, 2, 4, 8])
        match rng.choice(4, p=[0.6, 0.2, 0.1, 0.1]):
            case 1:
                within &= (y // pitch + x // pitch) % 2 == 0
            case 2:
                within &= y % (2 * pitch) < rng.integers(1, pitch + 1)
            case 3:
                within &= x % (2 * pitch) < rng.integers(1, pitch + 1)
        picture[within] = _pure(rng)
    return picture


def _pure(rng: np.random.Generator) -> np.ndarray:
    """A corner of the colour cube, (3,)."""
    return 255 * rng.integers(2, size=3).astype(np.float32)


def leaves(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Dead leaves: opaque shapes of all sizes over each other, which have the statistics of photographs.

    Each is of one of four materials with its own texture; half of the pictures have a blurred background.
    Source: Lee, Mumford and Huang, Occlusion Models for Natural Images, IJCV 2001 (sizes as 1 / size³). That networks
    for denoising can be trained on such pictures: Achddou, Gousseau and Ladjal, SSVM 2021 (unconfirmed).
    """
    picture = _with_leaves(rng, backdrop(rng, height, width, palette(rng, 1)[0]), layers=3)
    if rng.random() < 0.5:
        sigma, layers = rng.uniform(1, 4), rng.uniform(0.2, 0.8)
        blurred = Image.fromarray(picture.astype(np.uint8)).filter(ImageFilter.GaussianBlur(sigma))
        picture = _with_leaves(rng, np.asarray(blurred), layers)
    return picture


def _with_leaves(rng: np.random.Generator, ground: np.ndarray, layers: float) -> np.ndarray:
    """Leaves of `layers` times the area of the picture, laid over `ground` (height, width, 3)."""
    height, width = ground.shape[:2]
    smallest, largest = rng.uniform(3, 8), 8 + 0.7 * max(height, width)
    low, high = smallest**-2, largest**-2
    # As many as would cover the area `layers` times, by the mean of size² under a density of 1 / size³.
    mean = 2 * np.log(largest / smallest) / (low - high)
    count = 1 + round(layers * height * width / (0.6 * mean))
    sizes = FINE * (low - rng.random(count) * (low - high)) ** -0.5
    owner = Image.new("I", (width * FINE, height * FINE))  # the number of the leaf on top; 0: none
    pen = ImageDraw.Draw(owner)
    for number, outline in enumerate(_outlines(rng, sizes, width, height, corners=24), start=1):
        pen.polygon(outline, fill=number)
    owners = np.asarray(owner)
    colours = palette(rng, 24)[rng.integers(24, size=count + 1)] + rng.normal(0, 4, (count + 1, 1))
    colours[0] = 0  # nothing: so the averages below are colour times cover, and no rim appears
    front = _shrunk(Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8)[owners]))
    cover = _shrunk(Image.fromarray((owners > 0).astype(np.uint8) * 255))[..., None] / 255
    material = rng.integers(4, size=count + 1)[owners[FINE // 2 :: FINE, FINE // 2 :: FINE]]
    return np.clip(_textured(rng, front, material) + (1 - cover) * ground, 0, 255)


def _textured(rng: np.random.Generator, picture: np.ndarray, material: np.ndarray) -> np.ndarray:
    """Texture on the materials 1 to 3, none on 0, and uneven light over all."""
    texture = np.zeros(material.shape)
    for number in (1, 2, 3):
        field = rng.exponential(0.08) * np.tanh(texture_field(rng, *material.shape))
        texture = np.where(material == number, field, texture)
    return picture * (1 + np.clip(texture, -0.5, 0.5)[..., None]) * illumination(rng, *material.shape)


def _outlines(rng: np.random.Generator, sizes: np.ndarray, width: int, height: int, corners: int) -> list[Points]:
    """Ellipses, polygons, bars and stars of given sizes, turned and placed at random; points in drawn pixels.

    All have as many points as a circle of `corners`, some of them in one place.
    """
    count = len(sizes)
    few = rng.choice([3, 4, 5, 6, corners, corners], count)[:, None]
    corner = np.arange(corners) * few // corners
    loose = np.where(few < corners, 0.6, 0)  # how far a corner strays from its place on the circle
    stray, radius = (np.take_along_axis(rng.uniform(-1, 1, (count, corners)), corner, 1) for _ in range(2))
    star = np.where((few > 4) & (few < corners) & (rng.random((count, 1)) < 0.3), 1 - 0.5 * (np.arange(corners) % 2), 1)
    angle = 2 * np.pi * (corner + 0.5 * loose * stray) / few
    radius = sizes[:, None] / 2 * (1 + 0.3 * loose * radius) * star
    flat = np.exp(-rng.exponential(0.5, (count, 1)))
    turn = rng.uniform(0, 2 * np.pi, (count, 1))
    x, y = radius * np.cos(angle), radius * np.sin(angle) * flat
    x, y = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
    x += rng.uniform(-0.05, 1.05, (count, 1)) * width * FINE
    y += rng.uniform(-0.05, 1.05, (count, 1)) * height * FINE
    return [list(zip(xs, ys, strict=True)) for xs, ys in zip(x.tolist(), y.tolist(), strict=True)]


def _turned(points: np.ndarray, turn: float, centre: tuple[float, float]) -> Points:
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return [(x, y) for x, y in (points @ rotation + centre).tolist()]


def _lines(rng: np.random.Generator, width: int, height: int) -> list[Points]:
    """Polylines of one drawing, in drawn pixels."""
    reach = max(width, height)
    turn = rng.choice([0.0, rng.uniform(0, np.pi)])
    centre = rng.uniform(0, width), rng.uniform(0, height)
    step = FINE * np.exp(rng.uniform(np.log(4), np.log(30)))
    rows = np.arange(-reach, reach, step)
    ends = np.array([-1.5 * reach, 1.5 * reach])
    match rng.integers(6):
        case 0:  # lattice
            parts = [np.stack([ends, [r, r]], 1) for r in rows] + [np.stack([[r, r], ends], 1) for r in rows]
        case 1:  # bricks
            parts = [np.stack([ends, [r, r]], 1) for r in rows]
            long = step * rng.uniform(1.5, 3)
            for number, row in enumerate(rows):
                starts = np.arange(-reach, reach, long) + number % 2 * long / 2
                parts += [np.array([(x, row), (x, row + step)]) for x in starts]
        case 2:  # fan
            angles = np.linspace(0, 2 * np.pi, int(rng.integers(12, 60)), endpoint=False)
            parts = [np.array([(0, 0), (2 * reach * np.cos(a), 2 * reach * np.sin(a))]) for a in angles]
        case 3:  # rings
            circle = np.linspace(0, 2 * np.pi, 65)
            parts = [r * np.stack([np.cos(circle), np.sin(circle)], 1) for r in np.arange(step, 1.4 * reach, step)]
        case 4:  # curves
            x = np.linspace(-reach, reach, 80)
            high, long, late = rng.uniform(0.3, 3) * step, rng.uniform(0.2, 1) * reach, rng.uniform(0, 6)
            parts = [np.stack([x, r + high * np.sin(x / long * 2 * np.pi + late)], 1) for r in rows]
        case _:  # hatching
            starts = rng.uniform(-reach, reach, (int(rng.integers(10, 80)), 2))
            lean = rng.normal(0, 0.3, len(starts))
            long = rng.uniform(0.1, 0.8, len(starts)) * reach
            parts = [
                np.array([s, s + d * np.array([np.cos(a), np.sin(a)])])
                for s, a, d in zip(starts, lean, long, strict=True)
            ]
    return [_turned(part, turn, centre) for part in parts]


def _words(rng: np.random.Generator, characters: int) -> str:
    text = np.array(list(_LETTERS))[rng.integers(len(_LETTERS), size=characters)]
    marked = np.array(list(_MARKS))[rng.integers(len(_MARKS), size=characters)]
    chance = rng.random(characters)
    return "".join(np.where(chance < 0.18, " ", np.where(chance < 0.23, marked, text)))


def _strokes(rng: np.random.Generator, pen: ImageDraw.ImageDraw, y: float, span: int, size: int) -> None:
    """A line of invented glyphs: 3 to 9 strokes on a grid of 4 x 4 in each cell, straight or bent, or small rings."""
    thick = max(1, round(size * rng.uniform(0.05, 0.12)))
    bent = rng.random() < 0.5
    for x in np.arange(-rng.uniform(0, size), span, size * rng.uniform(0.9, 1.2)):
        for _ in range(rng.integers(3, 10)):
            (x0, y0), (x1, y1) = rng.integers(0, 4, (2, 2)) * size * 0.26 + (x, y)
            if bent and rng.random() < 0.6:
                box = (min(x0, x1), min(y0, y1), max(x0, x1) + thick, max(y0, y1) + thick)
                pen.arc(box, rng.uniform(0, 180), rng.uniform(180, 360), fill=255, width=thick)
            elif rng.random() < 0.7:  # mostly level and upright
                pen.line([(x0, y0), (x1, y0) if rng.random() < 0.5 else (x0, y1)], fill=255, width=thick)
            else:
                pen.line([(x0, y0), (x1, y1)], fill=255, width=thick)


def _shrunk(image: Image.Image) -> np.ndarray:
    return np.asarray(image.reduce(FINE), np.float32)


def _over(picture: np.ndarray, mask: Image.Image, colour: np.ndarray) -> np.ndarray:
    """Lay a colour (3,) or picture over another where the mask, FINE times larger, says so."""
    cover = _shrunk(mask)[..., None] / 255
    return picture + cover * (colour.astype(np.float32) - picture)
