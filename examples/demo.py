"""`make demo`: restore the bundled degraded photographs and say what it was worth.

Writes the restored pictures and one before/after picture to `demo-results/`. The exit code is 1 if the pictures did
not get better on average.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

from harmonic import Restorer
from harmonic.ops.quality import psnr, ssim

PHOTOS = Path(__file__).parent / "photos"
RESULTS = Path("demo-results")
SHOWN = ("astronaut.noise25.png", "coffee.jpeg10.jpg", "chelsea.mix.jpg")  # in the before/after picture
DAMAGES = {"noise25": "noise 25", "jpeg10": "JPEG 10", "blur2": "blur 2", "mix": "mixed"}


@dataclass(frozen=True)
class Result:
    """One photograph before and after. Quality is (PSNR in dB, SSIM) against the undamaged original."""

    file: str
    before: Image.Image
    after: Image.Image
    quality_before: tuple[float, float]
    quality_after: tuple[float, float]
    seconds: float

    @property
    def title(self) -> str:
        name, damage, _ = self.file.split(".")
        return f"{name}, {DAMAGES[damage]}"

    @property
    def gain(self) -> float:
        return self.quality_after[0] - self.quality_before[0]


def main() -> int:
    restorer = Restorer("restore-fast")
    RESULTS.mkdir(exist_ok=True)
    results = [restore(restorer, path) for path in sorted(PHOTOS.iterdir()) if path.suffix in (".png", ".jpg")]
    for result in results:
        result.after.save(RESULTS / f"{Path(result.file).stem}.restored.png")
    picture = RESULTS / "before-after.png"
    before_after([result for result in results if result.file in SHOWN]).save(picture)

    console = Console()
    console.print(table(results))
    console.print(
        "Noise: sigma on the 0–255 scale; JPEG: quality; blur: sigma in pixels; mixed: blur 1, noise 15, JPEG 40.",
        style="dim",
    )
    console.print(f"Restored pictures: {RESULTS}/\nLook at this one first: {picture}")
    gain = float(np.mean([result.gain for result in results]))
    if gain <= 0:
        console.print(
            f"The pictures did not get better ({gain:+.2f} dB on average): something is wrong here.", style="red"
        )
    return 0 if gain > 0 else 1


def restore(restorer: Restorer, path: Path) -> Result:
    clean = np.asarray(Image.open(PHOTOS / f"{path.name.split('.')[0]}.clean.webp").convert("RGB"))
    before = Image.open(path)
    start = time.perf_counter()
    after = restorer.restore(before)
    seconds = time.perf_counter() - start
    return Result(path.name, before, after, quality(before, clean), quality(after, clean), seconds)


def quality(picture: Image.Image, clean: np.ndarray) -> tuple[float, float]:
    pixels = np.asarray(picture.convert("RGB"))  # a grey picture scores the same as its three equal channels
    return psnr(pixels, clean), ssim(pixels, clean)


def table(results: list[Result]) -> Table:
    shown = Table(title="restore-fast on the bundled photographs, before → after")
    shown.add_column("photograph")
    for heading in ("PSNR, dB", "gain, dB", "SSIM", "seconds"):
        shown.add_column(heading, justify="right")
    for result in results:
        shown.add_row(result.title, *_cells(result.quality_before, result.quality_after, result.seconds))
    before = np.mean([result.quality_before for result in results], axis=0)
    after = np.mean([result.quality_after for result in results], axis=0)
    seconds = float(np.mean([result.seconds for result in results]))
    shown.add_section()
    shown.add_row("mean", *_cells(tuple(before), tuple(after), seconds), style="bold")
    return shown


def _cells(before: tuple[float, ...], after: tuple[float, ...], seconds: float) -> tuple[str, str, str, str]:
    return (
        f"{before[0]:.2f} → {after[0]:.2f}",
        f"{after[0] - before[0]:+.2f}",
        f"{before[1]:.3f} → {after[1]:.3f}",
        f"{seconds:.2f}",
    )


def before_after(results: list[Result], gap: int = 6, caption: int = 24) -> Image.Image:
    """One row a photograph: degraded on the left, restored on the right, captions above."""
    width = max(result.before.width for result in results)
    height = sum(result.before.height + caption + gap for result in results) - gap
    sheet = Image.new("RGB", (2 * width + gap, height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=15)
    top = 0
    for result in results:
        left_text = f"{result.title} ({result.quality_before[0]:.1f} dB)"
        right_text = f"restored ({result.quality_after[0]:.1f} dB)"
        for x, text, picture in ((0, left_text, result.before), (width + gap, right_text, result.after)):
            draw.text((x + 2, top + 3), text, fill="black", font=font)
            sheet.paste(picture.convert("RGB"), (x, top + caption))
        top += result.before.height + caption + gap
    return sheet


if __name__ == "__main__":
    sys.exit(main())
