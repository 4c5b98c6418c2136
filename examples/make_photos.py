"""How the degraded photographs in `examples/photos` were made; needs scikit-image, which carries the originals.

    pip install scikit-image && python examples/make_photos.py

No picture here was trained on. Licences, as scikit-image's own documentation of `skimage.data` states them:
astronaut, NASA, public domain; rocket, SpaceX, public domain; coffee, CC0 (Rachel Michetti);
chelsea, CC0 (Stefan van der Walt); camera, grey, CC0 (Lav Varshney).
"""

import zlib
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Blur, Degradation, Jpeg, Noise, Round
from harmonic.ops.eight_bit import to_float, to_uint8

PHOTOS = Path(__file__).parent / "photos"

# File suffix -> what happened to the picture. Sigma of noise on the 0–255 scale, of blur in pixels.
DAMAGES: dict[str, tuple[Degradation, ...]] = {
    "noise25.png": (Noise(sigma=25, clip=True), Round()),
    "jpeg10.jpg": (Jpeg(quality=10),),
    "blur2.png": (Blur(sigma=2), Round()),
    "mix.jpg": (Blur(sigma=1), Noise(sigma=15, clip=True), Jpeg(quality=40)),
}

# Top-left corner (y, x), size (height, width), and the damages shown on this picture.
CUTS: dict[str, tuple[tuple[int, int], tuple[int, int], tuple[str, ...]]] = {
    "astronaut": ((0, 80), (304, 320), ("noise25.png", "mix.jpg")),
    "camera": ((40, 120), (304, 320), ("noise25.png",)),
    "chelsea": ((0, 64), (288, 320), ("blur2.png", "mix.jpg")),
    "coffee": ((40, 160), (304, 320), ("jpeg10.jpg", "blur2.png")),
    "rocket": ((0, 0), (208, 320), ("jpeg10.jpg",)),
}


def main() -> None:
    PHOTOS.mkdir(exist_ok=True)
    for name, ((y, x), (height, width), damages) in CUTS.items():
        original = Image.fromarray(getattr(skimage.data, name)())
        if name == "rocket":  # published as a JPEG: at half its size the traces of that are gone
            original = original.reduce(2)
        clean = original.crop((x, y, x + width, y + height))
        clean.save(PHOTOS / f"{name}.clean.webp", lossless=True, quality=100, method=6)
        for damage in damages:
            save_damaged(clean, PHOTOS / f"{name}.{damage}", DAMAGES[damage])


def save_damaged(clean: Image.Image, target: Path, steps: tuple[Degradation, ...]) -> None:
    """Apply `steps` and write the result. The seed is the file's name, so one picture can be made again alone."""
    if isinstance(steps[-1], Jpeg):  # the file itself is the last damage: no second encoding
        steps, quality = steps[:-1], steps[-1].quality
    else:
        quality = None
    rng = np.random.Generator(np.random.Philox(zlib.crc32(target.name.encode())))
    damaged = to_uint8(degrade(to_float(np.asarray(clean.convert("RGB")), np.float64), steps, rng))
    # A grey picture keeps one channel; the three were equal before the noise, which is independent in each.
    picture = Image.fromarray(damaged[..., 0] if clean.mode == "L" else damaged)
    if quality is None:
        picture.save(target, optimize=True)
    else:
        picture.save(target, quality=quality, subsampling="4:2:0")


if __name__ == "__main__":
    main()
