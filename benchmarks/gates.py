"""What the output gates do on each kind of damage: `python benchmarks/gates.py restore-fast --data DIR/train`.

Means over the first crops of val.txt. `needed` and `done`: root mean square of what separates the input from the clean
crop, and of what the network changes, in levels of 255; z: of the tail's output, which the gates multiply.
docs/decisions/0008 was decided by these figures.
"""

import argparse
from pathlib import Path

import torch

from harmonic.assets import find_weights
from harmonic.measure.markdown import markdown_table
from harmonic.network.checkpoint import load_network
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.ops.eight_bit import to_float
from harmonic.train.batches import planes
from harmonic.train.data import read_validation
from harmonic.train.validate import Case, cases

CROPS = 4


def gate_row(network: Harmonic, case: Case) -> list[float]:
    """Means of w_hf, w_lf and w_z, then root mean squares of z, of what was needed and of what was done."""
    head, seen, rows = network.head, {}, []
    assert head.high_gate is not None and head.low_gates is not None and network.hf is not None
    hooks = [
        head.high_gate.register_forward_hook(lambda _module, _inputs, x: seen.update(high=head.gate(x))),
        head.low_gates.register_forward_hook(lambda _module, _inputs, x: seen.update(low=head.gate(x))),
        network.hf.tail.register_forward_hook(lambda _module, _inputs, made: seen.update(z=made[0])),
    ]
    for degraded, clean in case[:CROPS]:
        x, target = planes([degraded]), planes([to_float(clean)])
        with torch.inference_mode():
            parts = network.decompose(x)
        differences = [255 * t.square().mean().sqrt() for t in (seen["z"], target - parts.base, parts.lf + parts.hf)]
        rows.append(torch.stack([seen["high"].mean(), *seen["low"].mean((0, 2, 3)), *differences]))
    for hook in hooks:
        hook.remove()
    return torch.stack(rows).mean(0).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights")
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    network = fuse(load_network(find_weights(args.weights))[0])
    held = cases(read_validation([args.data]), network.scale)
    header = ("damage", "w_hf", "w_lf", "w_z", "z", "needed", "done")
    rows = [(name, *(f"{value:.3g}" for value in gate_row(network, case))) for name, case in held.items()]
    print(markdown_table(header, "lrrrrrr", rows))


if __name__ == "__main__":
    main()
