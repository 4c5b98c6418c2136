"""The generative rung of the ladder (seed §0.5): one network without its texture head, with it, and with its noise.

    python benchmarks/texture.py WEIGHTS --data DIR [--pictures 68]

Clean pictures are damaged by HMIX-1 moderate, noise of sigma 50, and JPEG of quality 10, and restored four times: the
head left out; its noise strengths at 0; two seeds of the network as it is. What texture adds is judged by statistics
(energy of the high band, distances to the clean pictures' distribution), what it may not do by the rest.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import page

from harmonic.assets import find_weights
from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Degradation, Jpeg, Noise, Round
from harmonic.measure.hmix import hmix_input
from harmonic.measure.natural import fd_nss
from harmonic.measure.origin import machine
from harmonic.measure.sets import find_set, read_clean
from harmonic.measure.verify.realism import scenes
from harmonic.measure.verify.subject import parts_of, to_array
from harmonic.measure.verify.texture import without_noise
from harmonic.network.checkpoint import load_network
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.ops.cells import whole_cells
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import high_band_energy, low_band_psnr, psnr
from harmonic.ops.texture_distance import texture_distance

ROOT = Path(__file__).parents[1]
CHAINS: dict[str, tuple[Degradation, ...]] = {
    "sigma 50": (Noise(sigma=50, clip=True), Round()),
    "JPEG 10": (Jpeg(quality=10),),
}
DAMAGES = ("moderate", *CHAINS)
FORMS = ("without the head", "head without noise", "head with noise")
SEEDS = (1, 2)

Pictures = dict[str, np.ndarray]
"""By row of the table: (H, W, 3) uint8."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", help="a name or a file; the network has a texture head")
    parser.add_argument("--data", type=Path, required=True, help="folder of clean pictures, or of the test sets")
    parser.add_argument("--pictures", type=int, default=68, help="of the set, the first ones")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "texture.json")
    args = parser.parse_args()
    file = find_weights(args.weights)
    network, card = load_network(file)
    if not network.config.generates:
        parser.error(f"{args.weights}: this network has no texture head")
    chosen = find_set(args.data, "CBSD68")
    if args.pictures < 1:
        parser.error(f"--pictures {args.pictures}: at least one is needed")
    clean = {file.stem: whole_cells(read_clean(file), network.config.cell) for file in chosen.files[: args.pictures]}
    content = {
        "command": f"python benchmarks/texture.py {Path(args.weights).name} --data DATA --pictures {args.pictures}",
        "date": datetime.now(UTC).date().isoformat(), "machine": machine(), "model": card.name, "steps": card.step,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "set": chosen.name, "pictures": len(clean), "damages": rung(fuse(network), clean),
    }  # fmt: skip
    args.results.parent.mkdir(parents=True, exist_ok=True)
    args.results.write_text(json.dumps(content, indent=1) + "\n")
    print("\n\n".join(page.texture(content)))
    return 0


def rung(network: Harmonic, clean: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Figures by damage and row; `network` is fused. FD-NSS is of all pictures of a row together."""
    silent = without_noise(network)
    found, targets = {}, scenes(list(clean.values()))
    for damage in DAMAGES:
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in ("input", *FORMS)}
        shown: dict[str, list[np.ndarray]] = {name: [] for name in rows}
        differences, structure = [], []
        for number, (name, target) in enumerate(clean.items()):
            given = damaged(damage, name, target, number)
            made, apart, moved = restored(network, silent, given)
            differences.append(apart)
            structure.append(moved)
            for row, picture in ({"input": given} | made).items():
                rows[row].append(figures(picture, target, made[FORMS[0]]))
                shown[row].append(picture)
        found[damage] = {
            "rows": {
                row: {key: float(np.mean([one[key] for one in ones])) for key in ones[0]}
                | {"fd_nss": fd_nss(scenes(shown[row]), targets)}
                for row, ones in rows.items()
            },
            "seeds_apart": float(np.mean(differences)), "structure_moved": float(np.max(structure)),
            "patches": len(targets),
        }  # fmt: skip
    return found


def damaged(damage: str, name: str, clean: np.ndarray, number: int) -> np.ndarray:
    """uint8 -> uint8; name: of the picture, number: its place in the set."""
    if damage in CHAINS:
        return to_uint8(degrade(to_float(clean), CHAINS[damage], np.random.RandomState(number)))
    return hmix_input(clean, name.lower(), "moderate")


def restored(network: Harmonic, silent: Harmonic, given: np.ndarray) -> tuple[Pictures, float, float]:
    """The three forms; how far apart the textures of two seeds are, mean in grey levels; how far LF and HF moved."""
    first, second = (parts_of(network, given, seed) for seed in SEEDS)
    still = parts_of(silent, given, SEEDS[0])
    assert first.texture is not None and second.texture is not None
    pictures = (
        to_uint8(to_array(mixed)) for mixed in (first.mix(texture=0), still.mix(texture=1), first.mix(texture=1))
    )
    moved = max(
        float((getattr(first, band) - getattr(other, band)).abs().max())
        for other in (second, still)
        for band in ("lf", "hf")
    )
    return dict(zip(FORMS, pictures, strict=True)), 255 * float((first.texture - second.texture).abs().mean()), moved


def figures(picture: np.ndarray, clean: np.ndarray, plain: np.ndarray) -> dict[str, float]:
    """psnr, low: dB against the clean picture, low after 4x-down-sampling; energy: of the high band, as a share of the
    clean one's; texture: sliced-Wasserstein distance in grey levels; added: root mean square of what the head added."""
    return {
        "psnr": psnr(picture, clean), "low": low_band_psnr(picture, clean),
        "energy": high_band_energy(picture) / max(high_band_energy(clean), 1 / 12),
        "texture": texture_distance(picture, clean),
        "added": float(np.sqrt(np.square(picture.astype(float) - plain).mean())),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
