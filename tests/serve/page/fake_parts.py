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
from harmonic.ops.noise import Noise
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


@torch.inference_mode()
def parts_of(restorer: Restorer, source: Path, fields: dict[str, str], most: int) -> bytes:
    """The body of `/v1/parts`: of the whole picture, then cut, which is what a region of it means."""
    engine, network, scale = restorer._engine, restorer._engine.network, restorer.scale
    picture = read_picture(source).colour
    height, width = picture.shape[:2]
    x, y, w, h = (int(fields.get(k, v)) for k, v in (("x", 0), ("y", 0), ("width", width), ("height", height)))
    shrunk = min(1.0, (most / (w * h * scale**2)) ** 0.5)
    if shrunk < 1 and fields.get("shrink") != "true":
        raise HarmonicError(f"region: {w * h * scale**2:,} output pixels; at most {most:,}, or ask for shrink")
    cut = slice(scale * y, scale * (y + h)), slice(scale * x, scale * (x + w))
    if shrunk < 1:
        small = Image.fromarray(picture.squeeze()[y : y + h, x : x + w])
        small = np.asarray(small.resize((int(w * shrunk), int(h * shrunk)), Image.Resampling.BICUBIC))
        picture, cut = small.reshape(*small.shape[:2], -1), (slice(None), slice(None))
    values = torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None].expand(-1, 3, -1, -1)
    noise = Noise(torch.tensor([int(fields["seed"])]), torch.tensor([[0, 0]]))
    parts = network.decompose(values, engine._look(picture), noise)
    planes = {"base": parts.base, "lf": parts.lf, "hf": parts.hf, "texture": parts.texture}
    body, told, routing = b"", [], None
    for name, plane in planes.items():
        if plane is None:
            continue
        shown = plane.mean(1, keepdim=True).expand(-1, 3, -1, -1) if picture.shape[2] == 1 else plane
        array = shown[0].permute(1, 2, 0).numpy()[cut].astype(np.float64)
        ends = (min(0.0, array.min()), max(1.0, array.max())) if name == "base" else (array.min(), array.max())
        low, high = float(ends[0]), float(max(ends[1], ends[0] + 1e-6))
        told.append({"name": name, "low": low, "high": high, "offset": len(body)})
        body = padded(body + np.rint((array - low) / (high - low) * 65535).astype("<u2").tobytes())
    if parts.routing:
        gates = parts.routing[-1].gates[0].permute(1, 2, 0).numpy()
        cell = picture.shape[0] / gates.shape[0]
        cell = 2 ** round(np.log2(cell))
        rows, columns = (slice(o // cell, -(-(o + n) // cell)) for o, n in ((y, h), (x, w)))
        gates = gates if shrunk < 1 else gates[rows, columns]
        routing = {"offset": len(body), "width": gates.shape[1], "height": gates.shape[0], "cell": cell,
                   "experts": EXPERTS[: gates.shape[2]]}  # fmt: skip
        body += np.rint(255 * gates.clip(0, 1)).astype(np.uint8).tobytes()
    size = [(s.stop if s.stop else n) - (s.start or 0) for s, n in zip(cut, parts.base.shape[-2:], strict=True)]
    head = {"width": size[1], "height": size[0], "scale": scale, "region": [x, y, w, h], "input": [width, height],
            "shrunk": shrunk, "parts": told, "routing": routing, "cell": network.config.cell,
            "seed": int(fields["seed"])}  # fmt: skip
    text = json.dumps(head).encode()
    return padded(len(text).to_bytes(4, "little") + text) + body


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
