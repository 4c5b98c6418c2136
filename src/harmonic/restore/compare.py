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

from harmonic.errors import PictureError
from harmonic.images.atomic import atomic_write
from harmonic.images.message import shown
from harmonic.images.picture import Metadata, Picture
from harmonic.images.write import encode, write_picture
from harmonic.restore.report import levels

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


def side_by_side(pictures: Mapping[str, Picture]) -> Picture:
    """All in a row on grey, with captions, each as large as the largest; 8 bit.

    Raises PictureError when the row would be wider than a picture may be.
    """
    height = max(p.colour.shape[0] for p in pictures.values())
    width = max(p.colour.shape[1] for p in pictures.values())
    across = len(pictures) * (width + _GAP) - _GAP
    if max(across, height) > _LONGEST:
        raise PictureError(f"{across}x{height}: is too large to look at side by side; cut a part out with --crop")
    sheet = Image.new("RGB", (across, height + _CAPTION), (48, 48, 48))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for number, (name, picture) in enumerate(pictures.items()):
        left = number * (width + _GAP)
        samples = np.clip(levels(picture.colour) + 0.5, 0, 255).astype(np.uint8)
        image = Image.fromarray(samples if samples.shape[2] == 3 else samples[..., 0])
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BICUBIC)
        sheet.paste(image, (left, _CAPTION))
        draw.text((left + 2, 3), name, (235, 235, 235), font)
    profile = (
        next(iter(pictures.values())).metadata.icc if all(p.colour.shape[2] == 3 for p in pictures.values()) else None
    )
    return Picture(np.asarray(sheet), metadata=Metadata(icc=profile))


def write_comparison(stem: Path, title: str, pictures: Mapping[str, Picture], overwrite: bool) -> list[Path]:
    """Write STEM.html and STEM.compare.png -> their paths. Raises PictureError and ResourceError."""
    page, sheet = stem.with_name(f"{stem.name}.html"), stem.with_name(f"{stem.name}.compare.png")
    for path in (page, sheet):
        if path.exists() and not overwrite:
            raise PictureError(f"{shown(path)}: exists already; use --overwrite to replace it")
    write_picture(sheet, side_by_side(pictures), overwrite=overwrite)
    atomic_write(page, compare_page(title, pictures).encode(), overwrite)
    return [page, sheet]


def _png(picture: Picture) -> str:
    metadata = Metadata(icc=picture.metadata.icc)
    return base64.b64encode(encode(replace(picture, metadata=metadata), "png")).decode()
