"""`make demo`: restore the bundled degraded photographs, enlarge small ones, and say what it was worth.

Writes the results and three pictures of before and after to `demo-results/`. The exit code is 1 if the pictures did not
get better on average.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

from harmonic import Restorer
from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Degradation, Jpeg, Noise, Round
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import psnr, ssim
from harmonic.ops.resize import imresize

PHOTOS = Path(__file__).parent / "photos"
RESULTS = Path("demo-results")
SHOWN = ("astronaut, noise 25", "coffee, JPEG 10", "chelsea, mixed")  # in the before/after picture
SCALE = 4
SMALL_DAMAGE = (Noise(sigma=10, clip=True), Round(), Jpeg(quality=60))
DAMAGES = {"noise25": "noise 25", "jpeg10": "JPEG 10", "blur2": "blur 2", "mix": "mixed"}


@dataclass(frozen=True)
class Result:
    """One photograph before and after. Quality is (PSNR in dB, SSIM) against the undamaged original."""

    title: str
    file: str
    before: Image.Image
    after: Image.Image
    quality_before: tuple[float, float]
    quality_after: tuple[float, float]
    seconds: float

    @property
    def gain(self) -> float:
        return self.quality_after[0] - self.quality_before[0]


def main() -> int:
    RESULTS.mkdir(exist_ok=True)
    restorer, enlarger, mender = (Restorer(name) for name in ("restore-fast", f"sr{SCALE}-fast", f"sr{SCALE}-real"))
    restored = [restore(restorer, path) for path in sorted(PHOTOS.iterdir()) if path.suffix in (".png", ".jpg")]
    enlarged = [enlarge(enlarger, path) for path in sorted(PHOTOS.glob("*.clean.webp"))]
    mended = [enlarge(mender, path, SMALL_DAMAGE) for path in sorted(PHOTOS.glob("*.clean.webp"))]
    for result in restored + enlarged + mended:
        result.after.save(RESULTS / result.file)
    before_after([result for result in restored if result.title in SHOWN], "restored").save(
        RESULTS / "before-after.png"
    )
    before_after(enlarged, f"by sr{SCALE}-fast").save(RESULTS / "enlarged.png")
    before_after(mended, f"by sr{SCALE}-real").save(RESULTS / "enlarged-damaged.png")

    console = Console()
    console.print(table("restore-fast on the bundled photographs, before → after", restored))
    console.print(
        "Noise: sigma on the 0–255 scale; JPEG: quality; blur: sigma in pixels; mixed: blur 1, noise 15, JPEG 40.",
        style="dim",
    )
    console.print(table(f"A {SCALE}th of the size, enlarged: bicubic → sr{SCALE}-fast", enlarged))
    console.print(table(f"The same, also noisy and compressed: bicubic → sr{SCALE}-real", mended))
    console.print("Noise of sigma 10 and JPEG of quality 60, on the small picture.", style="dim")
    first = ", ".join(str(RESULTS / name) for name in ("before-after.png", "enlarged.png", "enlarged-damaged.png"))
    console.print(f"Results: {RESULTS}/\nLook at these first: {first}")
    gains = [float(np.mean([result.gain for result in results])) for results in (restored, enlarged, mended)]
    if min(gains) <= 0:
        told = f"The pictures did not get better ({min(gains):+.2f} dB on average): something is wrong here."
        console.print(told, style="red")
    return 0 if min(gains) > 0 else 1


def restore(restorer: Restorer, path: Path) -> Result:
    name, damage, _ = path.name.split(".")
    clean = np.asarray(Image.open(PHOTOS / f"{name}.clean.webp").convert("RGB"))
    before = Image.open(path)
    after, seconds = timed(restorer, before)
    both = quality(before, clean), quality(after, clean)
    return Result(f"{name}, {DAMAGES[damage]}", f"{path.stem}.restored.png", before, after, *both, seconds)


def enlarge(restorer: Restorer, path: Path, damage: Sequence[Degradation] = ()) -> Result:
    """A clean photograph made small by the exact bicubic of the benchmarks, damaged, and enlarged again."""
    name, clean = path.name.split(".")[0], np.asarray(Image.open(path).convert("RGB"))
    clean = clean[: clean.shape[0] // SCALE * SCALE, : clean.shape[1] // SCALE * SCALE]
    small = imresize(clean, Fraction(1, SCALE))
    small = to_uint8(degrade(to_float(small), damage, np.random.RandomState(0)))
    before = Image.fromarray(imresize(small, SCALE))
    after, seconds = timed(restorer, Image.fromarray(small))
    both = quality(before, clean), quality(after, clean)
    kind = "damaged-" if damage else ""
    return Result(f"{name}, x{SCALE}", f"{name}.{kind}x{SCALE}.png", before, after, *both, seconds)


def timed(restorer: Restorer, picture: Image.Image) -> tuple[Image.Image, float]:
    start = time.perf_counter()
    return restorer.restore(picture), time.perf_counter() - start


def quality(picture: Image.Image, clean: np.ndarray) -> tuple[float, float]:
    pixels = np.asarray(picture.convert("RGB"))  # a grey picture scores the same as its three equal channels
    return psnr(pixels, clean), ssim(pixels, clean)


def table(title: str, results: list[Result]) -> Table:
    shown = Table(title=title)
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


def before_after(results: list[Result], done: str, gap: int = 6, caption: int = 24) -> Image.Image:
    """One row a photograph: before on the left, after on the right, captions above. done: caption of the right."""
    width = max(result.before.width for result in results)
    height = sum(result.before.height + caption + gap for result in results) - gap
    sheet = Image.new("RGB", (2 * width + gap, height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=15)
    top = 0
    for result in results:
        left_text = f"{result.title} ({result.quality_before[0]:.1f} dB)"
        right_text = f"{done} ({result.quality_after[0]:.1f} dB)"
        for x, text, picture in ((0, left_text, result.before), (width + gap, right_text, result.after)):
            draw.text((x + 2, top + 3), text, fill="black", font=font)
            sheet.paste(picture.convert("RGB"), (x, top + caption))
        top += result.before.height + caption + gap
    return sheet


if __name__ == "__main__":
    sys.exit(main())
