"""Pictures beside each other: a page that needs nothing but itself, and one picture that holds them all."""

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from harmonic.images.atomic import atomic_write
from harmonic.images.picture import Metadata, Picture
from harmonic.images.write import encode, existing_refused, refuse_existing, write_picture
from harmonic.ops.eight_bit import decoded, to_uint8, to_uint16

_GAP, _CAPTION = 8, 24
_LONGEST = 16_000  # pixels of the picture that holds all


def compare_page(title: str, pictures: Mapping[str, Picture]) -> str:
    """HTML with all pictures inside, as lossless PNG with their profiles: a wipe between any two, zoom to 1:1.

    pictures: by caption, two or more, of one shape; sizes may differ by a factor.
    """
    items = [
        {"name": name, "width": p.colour.shape[1], "data": f"data:image/png;base64,{_png(p)}"}
        | {"height": p.colour.shape[0]}
        for name, p in pictures.items()
    ]
    page = files("harmonic.restore").joinpath("compare.html").read_text(encoding="utf-8")
    # "</" would end the script, wherever it stands.
    told = json.dumps(items).replace("</", "<\\/")
    return page.replace("@TITLE@", html.escape(title)).replace("@PICTURES@", told)


def side_by_side(pictures: Mapping[str, Picture]) -> Picture | None:
    """All in a row on grey, with captions, each as large as the largest; 8 bit. None: too large to be looked at."""
    height = max(p.colour.shape[0] for p in pictures.values())
    width = max(p.colour.shape[1] for p in pictures.values())
    across = len(pictures) * (width + _GAP) - _GAP
    if max(across, height) > _LONGEST:
        return None
    sheet = Image.new("RGB", (across, height + _CAPTION), (48, 48, 48))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for number, (name, picture) in enumerate(pictures.items()):
        left = number * (width + _GAP)
        samples = to_uint8(decoded(picture.colour))
        image = Image.fromarray(samples if samples.shape[2] == 3 else samples[..., 0])
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BICUBIC)
        sheet.paste(image, (left, _CAPTION))
        draw.text((left + 2, 3), name, (235, 235, 235), font)
    profile = (
        next(iter(pictures.values())).metadata.icc if all(p.colour.shape[2] == 3 for p in pictures.values()) else None
    )
    return Picture(np.asarray(sheet), metadata=Metadata(icc=profile))


def page_path(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.html")


def write_comparison(stem: Path, title: str, pictures: Mapping[str, Picture], overwrite: bool) -> list[Path]:
    """Write STEM.html and, where they are not too large for it, STEM.compare.png -> what was written.

    Raises PictureError and ResourceError.
    """
    page, sheet = page_path(stem), stem.with_name(f"{stem.name}.compare.png")
    for path in (page, sheet):
        refuse_existing(path, overwrite)
    row = side_by_side(pictures)
    with existing_refused(page):
        atomic_write(page, compare_page(title, pictures).encode(), overwrite)
    if row is None:
        return [page]
    write_picture(sheet, row, overwrite=overwrite)
    return [page, sheet]


def _png(picture: Picture) -> str:
    """Base64; floats at 16 bit."""
    colour, alpha = picture.colour, picture.alpha
    if colour.dtype == np.float32:
        colour, alpha = to_uint16(colour), None if alpha is None else to_uint16(alpha)
    plain = replace(picture, colour=colour, alpha=alpha, metadata=Metadata(icc=picture.metadata.icc))
    return base64.b64encode(encode(plain, "png")).decode()
