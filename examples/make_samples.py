"""How the sample pictures of the page of `harmonic serve` were made; needs scikit-image, which carries the originals.

    pip install scikit-image && python examples/make_samples.py

The originals and their licences are those of `make_photos.py`; the cuts are larger, the damages its own.
"""

import json
from pathlib import Path

import skimage.data
from PIL import Image

from make_photos import DAMAGES, save_damaged

SAMPLES = Path(__file__).parents[1] / "src" / "harmonic" / "serve" / "static" / "samples"

# File name -> original, box (left, top, right, bottom), damage, and what the page says of it.
PICTURES = {
    "portrait.jpg": ("astronaut", (0, 0, 512, 512), "mix.jpg", "Portrait, blurred, noisy, JPEG", "NASA, public domain"),
    "coffee.jpg": ("coffee", (0, 0, 600, 400), "jpeg10.jpg", "Coffee, strong JPEG", "Rachel Michetti, CC0"),
    "cat.jpg": ("chelsea", (0, 0, 451, 300), "mix.jpg", "Cat, blurred, noisy, JPEG", "Stefan van der Walt, CC0"),
    "camera.png": ("camera", (150, 40, 390, 260), "noise25.png", "Grey, strong noise", "Lav Varshney, CC0"),
}


def main() -> None:
    SAMPLES.mkdir(exist_ok=True)
    for name, (original, box, damage, _, _) in PICTURES.items():
        clean = Image.fromarray(getattr(skimage.data, original)()).crop(box)
        save_damaged(clean, SAMPLES / name, DAMAGES[damage])
    listed = [{"name": name, "title": title, "credit": credit} for name, (*_, title, credit) in PICTURES.items()]
    (SAMPLES / "samples.json").write_text(json.dumps(listed, indent=2) + "\n")


if __name__ == "__main__":
    main()
