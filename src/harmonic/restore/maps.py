"""Where a network did what, as pictures: both bands, the experts, and how much of the detail was invented.

Made region by region, so that memory does not grow with the picture beyond its maps in 8 bit.
"""

from collections.abc import Iterator
from math import ceil, lcm
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from harmonic.images.picture import Picture
from harmonic.images.transparency import visible_colours
from harmonic.images.write import write_picture
from harmonic.ops.band import low_band
from harmonic.ops.eight_bit import to_uint8
from harmonic.restore.dials import Dials
from harmonic.restore.parts import PictureParts, Region, surroundings
from harmonic.restore.restorer import Restorer

GAINS = {"lf": 8, "hf": 4, "texture": 4}
"""How strongly the signed maps are amplified around middle grey; part of their names."""

EXPERT_COLOURS = np.array([(0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167)], np.float32) / 255
"""Of denoise, deblur, decompress, texture, wherever they are shown; the colour-blind tell them apart."""

EXPERT_COLOUR_NAMES = ("blue", "orange", "green", "pink")

_SIDE = 1024  # input pixels of a region, about
_MARGIN = 16  # input pixels: the high band of a pixel takes three cells around it
_FLOOR = (1 / 255) ** 2  # energy of one grey level: less is neither kept nor invented


def provenance(parts: PictureParts, dials: Dials, cell: int) -> np.ndarray:
    """Share of the output's fine detail that does not come from the input, per window of 2K x 2K output pixels.

    cell: K, the network's band cell in output pixels.
    -> (ceil(sH / 2K), ceil(sW / 2K)) float32, 0 = all from the input, 1 = all invented.
    With B the high band of the base, H that of the correction as it is mixed, and <> the mean over a window:
    a = <H·B>/<B²>, limited to [-1, 0], says how much of B was taken away, as denoising does; R = H - a·B is what came
    in addition. The share is <R²> / (<R²> + <((1 + a)·B)²> + (1/255)²). Detail that noise had hidden counts as new,
    since the input does not determine it; so does what sharpening adds.
    """
    added = np.float32(dials.strength * dials.detail) * parts.hf
    if parts.texture is not None:
        added = added + np.float32(dials.strength * dials.texture) * parts.texture
    added, detail = _padded(added, 2 * cell), _high_band(_padded(parts.base, 2 * cell), cell)
    energy = _window_means(detail * detail, 2 * cell)
    kept = np.clip(_window_means(added * detail, 2 * cell) / np.maximum(energy, 1e-12), -1, 0)
    rest = added - _spread(kept, 2 * cell) * detail
    new = _window_means(rest * rest, 2 * cell)
    return new / (new + (1 + kept) ** 2 * energy + np.float32(_FLOOR))


def routing_colours(parts: PictureParts) -> np.ndarray | None:
    """Colours of the experts by their gates, summed over the blocks -> (h, w, 3) in [0, 1]; black: none was asked."""
    if parts.routing is None:
        return None
    gates = parts.routing.sum(0)
    colours = np.einsum("ehw,ec->hwc", gates, EXPERT_COLOURS[: len(gates)])
    return colours / np.maximum(gates.sum(0), 1)[..., None]


def picture_maps(restorer: Restorer, colour: np.ndarray, dials: Dials) -> dict[str, np.ndarray]:
    """Maps by name, (sH, sW, 1 or 3) uint8: lf-x8, hf-x4, provenance, and texture-x4 and routing where they exist.

    colour: (H, W, C). The signed ones are middle grey where nothing was changed.
    """
    height, width, _ = colour.shape
    scale, cell = restorer.scale, restorer.network.config.cell
    maps: dict[str, np.ndarray] = {}
    cells: dict[str, np.ndarray] = {}
    sides = {"provenance": 2 * cell // scale}  # input pixels
    for region in _regions(height, width, lcm(restorer.grid, 8)):
        view = surroundings(region, height, width, _MARGIN, _MARGIN)
        parts = restorer.decompose(colour, region=view, seed=dials.seed)
        for name, gain in GAINS.items():
            if (part := getattr(parts, name)) is not None:
                _put(maps, f"{name}-x{gain}", to_uint8(0.5 + gain * part), region, view, 1 / scale, (height, width))
        sides["routing"] = parts.cell
        invented = provenance(parts, dials, cell)[..., None]
        for name, values in (("routing", routing_colours(parts)), ("provenance", invented)):
            if values is not None:
                _put(cells, name, values, region, view, sides[name], (height, width))
    kernels = {"provenance": Image.Resampling.BILINEAR, "routing": Image.Resampling.NEAREST}
    for name, values in cells.items():
        maps[name] = _enlarged(values, scale * sides[name], kernels[name])[: scale * height, : scale * width]
    return maps


LAST_MAP = "provenance"
"""Written when the others are there."""


def map_path(stem: Path, name: str) -> Path:
    return stem.with_name(f"{stem.name}.{name}.png")


def write_maps(restorer: Restorer, picture: Picture, dials: Dials, stem: Path, overwrite: bool) -> list[Path]:
    """Write `picture_maps` as `STEM.hf-x4.png` and so on -> their paths. Raises what restoring and writing do."""
    written = []
    colour = picture.colour if picture.alpha is None else visible_colours(picture.colour, picture.alpha)
    for name, map in picture_maps(restorer, colour, dials).items():
        path = map_path(stem, name)
        write_picture(path, Picture(map), overwrite=overwrite)
        written.append(path)
    return written


def _regions(height: int, width: int, multiple: int) -> Iterator[Region]:
    side = -(-_SIDE // multiple) * multiple
    for y in range(0, height, side):
        for x in range(0, width, side):
            yield Region(x, y, min(side, width - x), min(side, height - y))


def _put(
    maps: dict[str, np.ndarray],
    name: str,
    values: np.ndarray,
    region: Region,
    view: Region,
    side: float,
    size: tuple[int, int],
) -> None:
    """Enter what `values`, of `view`, say about `region`. side: of a value, in input pixels; size: of the picture."""
    shape = *(ceil(length / side) for length in size), values.shape[2]
    whole = maps.setdefault(name, np.empty(shape, values.dtype))
    spans = (region.y, region.y + region.height, view.y), (region.x, region.x + region.width, view.x)
    to = tuple(slice(int(start / side), ceil(stop / side)) for start, stop, _ in spans)
    of = tuple(slice(int(start / side) - int(o / side), ceil(stop / side) - int(o / side)) for start, stop, o in spans)
    whole[to] = values[of]


def _enlarged(cells: np.ndarray, factor: int, kernel: Image.Resampling) -> np.ndarray:
    image = Image.fromarray(to_uint8(cells if cells.shape[2] == 3 else cells[..., 0]))
    samples = np.asarray(image.resize((factor * image.width, factor * image.height), kernel))
    return samples.reshape(*samples.shape[:2], -1)


def _padded(part: np.ndarray, multiple: int) -> np.ndarray:
    """The last row and column repeated until both sides are multiples."""
    height, width = part.shape[:2]
    return np.pad(part, ((0, -height % multiple), (0, -width % multiple), (0, 0)), mode="edge")


def _high_band(x: np.ndarray, cell: int) -> np.ndarray:
    planes = torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))[None]
    return (planes - low_band(planes, cell))[0].permute(1, 2, 0).numpy()


def _window_means(x: np.ndarray, side: int) -> np.ndarray:
    height, width, channels = x.shape
    return x.reshape(height // side, side, width // side, side, channels).mean((1, 3, 4))


def _spread(windows: np.ndarray, side: int) -> np.ndarray:
    return windows.repeat(side, 0).repeat(side, 1)[..., None]
