"""The parts of a picture for a page that mixes them itself: 16 bit per sample, and a heading of JSON.

4 bytes, little-endian: the heading's length N; N bytes of JSON; zeros up to a multiple of 4; then, at the offsets that
the heading names, counted from there: base, lf, hf and texture as (height, width, 3) uint16, little-endian, value =
low + (high - low) * v / 65535, and the routing as (height, width, experts) uint8, gates from 0 to 255.
"""

import json
import math
from typing import Any

import numpy as np
from PIL import Image

from harmonic.nn.routing import EXPERTS
from harmonic.restore.parts import PictureParts, Region
from harmonic.serve.refusal import Refusal

PREVIEW = 2_000_000
"""Output pixels of a preview, at most."""


def checked_region(wanted: tuple[int | None, ...], width: int, height: int) -> Region:
    """x, y, width, height, each None for all that there is. Raises Refusal 422."""
    x, y = wanted[0] or 0, wanted[1] or 0
    across, down = wanted[2] or width - x, wanted[3] or height - y
    if across < 1 or down < 1 or x + across > width or y + down > height:
        text = f"region {x},{y},{across},{down}: x,y,width,height must lie in the picture, which is {width}x{height}"
        raise Refusal(422, "region_outside", text)
    return Region(x, y, across, down)


def shrinkage(region: Region, scale: int, most: int, allowed: bool) -> float:
    """The factor, at most 1, that brings the output of `region` down to `most` pixels. Raises Refusal 422."""
    pixels = region[2] * region[3] * scale**2
    if pixels <= most:
        return 1.0
    if not allowed:
        text = f"region: gives {pixels:,} pixels, over the limit of {most:,}; choose a smaller one, or shrink=true"
        raise Refusal(422, "region_too_large", text)
    return math.sqrt(most / pixels)


def shrunk(colour: np.ndarray, factor: float) -> np.ndarray:
    """(H, W, C) of any depth, reduced by antialiased bicubic, at least one pixel a side."""
    height, width, channels = colour.shape
    size = max(1, int(width * factor)), max(1, int(height * factor))
    if colour.dtype == np.uint8:
        image = Image.fromarray(colour[..., 0] if channels == 1 else colour)
        return np.asarray(image.resize(size, Image.Resampling.BICUBIC)).reshape(size[1], size[0], channels)
    planes = (Image.fromarray(colour[..., c].astype(np.float32)) for c in range(channels))
    small = np.stack([np.asarray(plane.resize(size, Image.Resampling.BICUBIC)) for plane in planes], 2)
    return np.rint(small.clip(0, 65535)).astype(np.uint16) if colour.dtype == np.uint16 else small


def encode_parts(parts: PictureParts, about: dict[str, Any]) -> bytes:
    """about: what the heading tells beside the places of the parts."""
    height, width, _ = parts.base.shape
    told, blocks, offset = [], [], 0
    for name in ("base", "lf", "hf", "texture"):
        plane: np.ndarray | None = getattr(parts, name)
        if plane is None:
            continue
        low, high = float(plane.min()), float(plane.max())
        # A constant plane needs a span too; 1 keeps its one value exact.
        span = high - low or 1.0
        samples = np.rint((plane - np.float32(low)) * np.float32(65535 / span)).clip(0, 65535).astype("<u2")
        blocks.append(_padded(np.broadcast_to(samples, (height, width, 3)).tobytes()))
        told.append({"name": name, "low": low, "high": low + span, "offset": offset})
        offset += len(blocks[-1])
    routing = None
    if parts.routing is not None:
        gates = parts.routing.mean(0).transpose(1, 2, 0)  # of all blocks, (h, w, E)
        routing = {
            "offset": offset,
            "width": gates.shape[1],
            "height": gates.shape[0],
            "cell": parts.cell,
            "experts": EXPERTS[: gates.shape[2]],
        }
        blocks.append(np.rint(255 * gates.clip(0, 1)).astype(np.uint8).tobytes())
    heading = {"width": width, "height": height, **about, "parts": told, "routing": routing}
    text = json.dumps(heading).encode()
    return b"".join([_padded(len(text).to_bytes(4, "little") + text), *blocks])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
