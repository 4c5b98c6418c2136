"""Pictures per minute: a batch that decodes, computes and encodes at once beside the same work one by one, and beside a
loop in Real-ESRGAN's manner.

    python benchmarks/overlap.py --data DIR [--pictures 50] [--side 1024] [--threads 2]
        [--results results/overlap.json]

DIR: photographs; as many as are wanted are brought to `side`² and saved as JPEG, results are PNG. All forms run in this
process with the same threads and weights, `restore-fast`; they take turns in rounds of five pictures, and a ratio is
that of the times of one round; medians of rounds.

- batch: `restore_files`, as `harmonic restore FOLDER` calls it.
- one by one: `restore_file`, one picture after the other.
- simple: as Real-ESRGAN's `inference_realesrgan.py` with `--fp32 --tile 512` works: decode with Pillow, fp32, the
  network as it was trained (not fused), tiles with 10 pixels around them, encode, then the next picture. Its tiles do
  not equal the whole picture; only its time is looked at. The others take the precision that `auto` chooses.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

from harmonic.assets import find_weights
from harmonic.cli.allocator import keep_freed_memory
from harmonic.images.folder import list_pictures
from harmonic.measure.origin import machine
from harmonic.network.checkpoint import load_network
from harmonic.network.harmonic import Harmonic
from harmonic.restore.batch import Done, Pair, restore_files
from harmonic.restore.file import Settings, restore_file
from harmonic.restore.restorer import Restorer

MODEL, TILE, PAD, ROUND = "restore-fast", 512, 10, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    keep_freed_memory()
    restorer, (plain, _) = Restorer(MODEL), load_network(find_weights(MODEL))
    plain = plain.eval().requires_grad_(False)
    overwrite = Settings(overwrite=True)

    def batch(pairs: Sequence[Pair]) -> None:
        assert all(isinstance(outcome, Done) for outcome in restore_files(restorer, pairs, overwrite))

    def one_by_one(pairs: Sequence[Pair]) -> None:
        for source, target in pairs:
            restore_file(restorer, source, target, overwrite)

    def simple(pairs: Sequence[Pair]) -> None:
        for source, target in pairs:
            save_simply(plain, source, target)

    forms: dict[str, Callable[[Sequence[Pair]], None]] = {"batch": batch, "one by one": one_by_one, "simple": simple}
    with tempfile.TemporaryDirectory() as folder:
        pairs = [(source, source.with_suffix(".png")) for source in photographs(given, Path(folder))]
        for form in forms.values():
            form(pairs[:1])  # what is done once: loading kernels, first memory
        seconds: dict[str, list[float]] = {form: [] for form in forms}
        for index, start in enumerate(range(0, len(pairs), ROUND)):
            order = list(forms)[index % len(forms) :] + list(forms)[: index % len(forms)]
            for form in order:
                begun = time.monotonic()
                forms[form](pairs[start : start + ROUND])
                seconds[form].append(time.monotonic() - begun)
            print({form: round(times[-1], 1) for form, times in seconds.items()}, flush=True)
    rows = [row(form, times, seconds["batch"], len(pairs)) for form, times in seconds.items()]
    print("\n".join(map(str, rows)))
    if given.results:
        sizes = f"--pictures {given.pictures} --side {given.side} --threads {given.threads}"
        command = f"python benchmarks/overlap.py --data DATA {sizes}"
        told = f"{machine()}, ours in {restorer.precision}"
        content = {"command": command, "date": date.today().isoformat(), "machine": told, "rows": rows}
        given.results.write_text(json.dumps(content, indent=1) + "\n")


def row(form: str, seconds: list[float], base: list[float], count: int) -> dict[str, object]:
    ratios = [here / there for here, there in zip(seconds, base, strict=True)]
    minute = 60 * count / sum(seconds)
    return {"form": form, "per_minute": round(minute, 1), "time": round(median(ratios), 3),
            "ratios": [round(ratio, 3) for ratio in ratios]}  # fmt: skip


def photographs(given: argparse.Namespace, folder: Path) -> list[Path]:
    found = list_pictures(given.data)[: given.pictures]
    if len(found) < given.pictures:
        sys.exit(f"{given.data}: holds {len(found)} pictures; name another folder, or fewer --pictures")
    for path in found:
        picture = Image.open(path).convert("RGB").resize((given.side, given.side), Image.Resampling.LANCZOS)
        picture.save(folder / f"{path.stem}.jpg", quality=90)
    return sorted(folder.glob("*.jpg"))


@torch.inference_mode()
def save_simply(network: Harmonic, source: Path, target: Path) -> None:
    """`RealESRGANer.tile_process` and what stands around it, for a network of scale 1."""
    pixels = np.asarray(Image.open(source).convert("RGB"), np.float32) / 255
    x = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())
    y = torch.empty_like(x)
    _, _, height, width = x.shape
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            bottom, right = min(top + TILE, height), min(left + TILE, width)
            up, far = max(top - PAD, 0), max(left - PAD, 0)
            tile = network(x[:, :, up : min(bottom + PAD, height), far : min(right + PAD, width)])
            y[:, :, top:bottom, left:right] = tile[:, :, top - up : bottom - up, left - far : right - far]
    result = (y[0].clamp(0, 1).numpy().transpose(1, 2, 0) * 255).round().astype(np.uint8)
    Image.fromarray(result).save(target)


if __name__ == "__main__":
    main()
