"""What the fake service answers with: toy networks, and the parts of a picture as bytes."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from harmonic.errors import HarmonicError
from harmonic.images.read import read_picture
from harmonic.network.config import variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import base
from harmonic.restore.restorer import Restorer

EXPERTS = ("denoise", "deblur", "decompress", "texture")


def texture_network() -> Harmonic:
    """A narrow `base`: context, experts, texture."""
    config = base()
    assert config.lf is not None
    lf = config.lf.model_copy(update={"channels": 16})
    return moved(Harmonic(variant(config, channels=(16, 32, 48), context=16, lf=lf)))


def moved(network: Harmonic) -> Harmonic:
    """Every part speaks, softly."""
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.03 * torch.randn(parameter.shape, generator=generator))
    return network.eval()


def parts_of(restorer: Restorer, source: Path, fields: dict[str, str], most: int) -> bytes:
    """The body of `/v1/parts`."""
    scale, picture = restorer.scale, read_picture(source).colour
    height, width = picture.shape[:2]
    x, y, w, h = (int(fields.get(k, v)) for k, v in (("x", 0), ("y", 0), ("width", width), ("height", height)))
    shrunk = min(1.0, (most / (w * h * scale**2)) ** 0.5)
    if shrunk < 1 and fields.get("shrink") != "true":
        raise HarmonicError(f"region: {w * h * scale**2:,} output pixels; at most {most:,}, or ask for shrink")
    seed = int(fields["seed"])
    if shrunk < 1:
        small = Image.fromarray(picture.squeeze()[y : y + h, x : x + w])
        parts = restorer.decompose(np.asarray(small.resize((int(w * shrunk), int(h * shrunk)))), seed=seed)
    else:
        parts = restorer.decompose(picture, region=(x, y, w, h), seed=seed)
    body, told, routing = b"", [], None
    for name in ("base", "lf", "hf", "texture"):
        plane: np.ndarray | None = getattr(parts, name)
        if plane is None:
            continue
        low, high = float(plane.min()), float(plane.max()) + 1e-6
        samples = np.rint((plane - low) / (high - low) * 65535).astype("<u2")
        told.append({"name": name, "low": low, "high": high, "offset": len(body)})
        body = padded(body + np.broadcast_to(samples, (*plane.shape[:2], 3)).tobytes())
    if parts.routing is not None:
        gates = parts.routing.mean(0).transpose(1, 2, 0)
        routing = {"offset": len(body), "width": gates.shape[1], "height": gates.shape[0], "cell": parts.cell,
                   "experts": EXPERTS[: gates.shape[2]]}  # fmt: skip
        body += np.rint(255 * gates.clip(0, 1)).astype(np.uint8).tobytes()
    head = {"width": parts.base.shape[1], "height": parts.base.shape[0], "scale": scale, "region": [x, y, w, h],
            "input": [width, height], "shrunk": shrunk, "parts": told, "routing": routing, "seed": seed}  # fmt: skip
    text = json.dumps(head).encode()
    return padded(len(text).to_bytes(4, "little") + text) + body


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
