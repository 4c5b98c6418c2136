"""How strong generated texture may be: `python benchmarks/strengths.py WEIGHTS --data DIR/train [--pictures 24]`.

The crops of val.txt, damaged as in benchmarks/texture.py, with the head's texture times each strength. A strength is
chosen here, not on a test set, and the head's last convolution multiplied by it (docs/decisions/0010).
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import texture

from harmonic.assets import find_weights
from harmonic.measure.markdown import markdown_table
from harmonic.measure.natural import fd_nss
from harmonic.measure.verify.realism import scenes
from harmonic.measure.verify.subject import parts_of, to_array
from harmonic.network.checkpoint import load_network
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.ops.cells import whole_cells
from harmonic.ops.eight_bit import to_uint8
from harmonic.train.data import read_validation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", help="a name or a file; the network has a texture head")
    parser.add_argument("--data", type=Path, required=True, help="folder with val.txt")
    parser.add_argument("--pictures", type=int, default=24, help="of the list, the first ones")
    parser.add_argument("--strengths", type=float, nargs="+", default=[0, 0.5, 0.7, 0.85, 1, 1.2])
    args = parser.parse_args()
    network, _ = load_network(find_weights(args.weights))
    if not network.config.generates:
        parser.error(f"{args.weights}: this network has no texture head")
    crops = read_validation([args.data])[: args.pictures]
    if not crops:
        parser.error(f"{args.data}: no crops; val.txt is missing or --pictures is not above 0")
    clean = {f"crop {i}": whole_cells(crop, network.config.cell) for i, crop in enumerate(crops)}
    rows = list(swept(fuse(network), clean, args.strengths))
    print(markdown_table(("damage", "strength", "FD-NSS", "energy", "PSNR", "lost when shrunk"), "lrrrrr", rows))
    print(f"\n{len(scenes(list(clean.values())))} clean patches")


def swept(network: Harmonic, clean: Mapping[str, np.ndarray], strengths: list[float]) -> Iterator[tuple[str, ...]]:
    """Rows of the table: distance to the clean crops' statistics, high-band energy as a share of theirs, PSNR in dB,
    and by how many dB the 4x-down-sampled crop is farther from the truth than without generated texture."""
    targets = scenes(list(clean.values()))
    for damage in texture.DAMAGES:
        parts = [parts_of(network, texture.damaged(damage, name, target, number), texture.SEEDS[0])
                 for number, (name, target) in enumerate(clean.items())]  # fmt: skip
        plain = [to_uint8(to_array(part.mix(texture=0))) for part in parts]
        for strength in strengths:
            made = [to_uint8(to_array(part.mix(texture=strength))) for part in parts]
            found = [
                texture.figures(picture, target, before) | {"before": texture.figures(before, target, before)["low"]}
                for picture, target, before in zip(made, clean.values(), plain, strict=True)
            ]
            mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
            yield (damage, f"{strength:g}", f"{fd_nss(scenes(made), targets):.2f}", f"{mean['energy']:.3f}",
                   f"{mean['psnr']:.2f}", f"{mean['before'] - mean['low']:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
