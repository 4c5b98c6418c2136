"""How far flat pictures change, most at their border: `python benchmarks/border.py restore-fast sr4-fast …`.

Grey, and the corners of the colour cube, 64² pixels; largest difference of the 8-bit result, in levels of 255, and how
many output pixels from the border it is above 2. docs/decisions/0011 says where it comes from.
"""

import argparse

import numpy as np

from harmonic.assets import find_weights
from harmonic.measure.markdown import markdown_table
from harmonic.measure.verify.extremes import SIDE, flat_pictures
from harmonic.measure.verify.subject import restored
from harmonic.network.checkpoint import load_network
from harmonic.ops.eight_bit import to_uint8

SEEN = 2  # levels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="+", help="names or files")
    args = parser.parse_args()
    pictures = {"grey": np.full((SIDE, SIDE, 3), 0.5, np.float32)} | flat_pictures()
    rows = []
    for name in args.weights:
        network, _ = load_network(find_weights(name))
        changes = {colour: changed(restored(network.eval(), picture), picture) for colour, picture in pictures.items()}
        wide = max(reach(change) for change in changes.values())
        rows.append([name, *(str(change.max()) for change in changes.values()), str(wide)])
    print(markdown_table(["weights", *pictures, "pixels wide"], "l" + "r" * (len(pictures) + 1), rows))


def changed(result: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Of a flat picture, in levels. -> (H, W) int"""
    return np.abs(to_uint8(result).astype(int) - to_uint8(picture[:1, :1])).max(2)


def reach(change: np.ndarray) -> int:
    """How many pixels from the border it is seen; half the side where it is everywhere."""
    half = len(change) // 2
    return next((k for k in range(half) if change[k : len(change) - k, k : len(change) - k].max() <= SEEN), half)


if __name__ == "__main__":
    main()
