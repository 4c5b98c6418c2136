"""A random source of a picture's own: it depends on a key, such as the picture's name, and on nothing else."""

from hashlib import sha256

import numpy as np


def digest_of(key: str) -> bytes:
    """The first 16 bytes of the key's SHA-256."""
    return sha256(key.encode()).digest()[:16]


def random_of(key: str) -> np.random.RandomState:
    """The source of that key. RandomState, because NumPy's policy freezes its streams and not those of Generator."""
    return np.random.RandomState(np.random.Philox(key=int.from_bytes(digest_of(key), "little")))
