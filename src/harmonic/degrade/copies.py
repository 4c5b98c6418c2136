"""Degraded copies of whole pictures, each a function of (picture, its name, seed): not of its neighbours or the order.

A record of (name, seed, chain) therefore makes the same copy again.
"""

from hashlib import sha256
from typing import Literal

import numpy as np

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Chain
from harmonic.degrade.mixtures import Mixture, greyed, sample_mixture
from harmonic.ops.eight_bit import to_float, to_uint8


def copy_chain(name: str, seed: int, mixture: Mixture, scale: int = 1) -> Chain:
    """The chain that `mixture` has for the picture of that name. `Mixture.grey` plays no part: colours stay."""
    return sample_mixture(_random(name, seed, "chain"), mixture, scale)


def degraded_copy(clean: np.ndarray, chain: Chain, name: str, seed: int) -> np.ndarray:
    """(H, W, 1 or 3) uint8 -> (h, w, same) uint8; h and w are those of `apply.final_size`.

    A grey picture stays grey: its noise is grey, whatever the chain says.
    """
    grey = clean.shape[2] == 1
    colour = to_float(np.broadcast_to(clean, (*clean.shape[:2], 3)))
    result = to_uint8(degrade(colour, greyed(chain) if grey else chain, _random(name, seed, "noise")))
    return result[..., :1] if grey else result


def _random(name: str, seed: int, use: Literal["chain", "noise"]) -> np.random.Generator:
    key = sha256(f"{use}/{seed}/{name}".encode(errors="surrogateescape")).digest()[:16]
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
