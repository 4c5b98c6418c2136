"""The file of parts that other runtimes run, made once for a set of weights and kept in the user's cache folder."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from harmonic.errors import HarmonicError
from harmonic.images.atomic import atomic_write
from harmonic.network.harmonic import Harmonic
from harmonic.restore.runtimes.onnx_graph import REVISION, onnx_model
from harmonic.version import package_version


def cache_folder() -> Path:
    """XDG_CACHE_HOME/harmonic, by default ~/.cache/harmonic."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harmonic"


def cached_file(network: Harmonic) -> Path:
    """Where the file of this network lies, or would lie. network: in deploy form.

    Named by all that decides what is in it: configuration, tensors, budget of the experts, and our version. Not by a
    precision: the file is fp32, and a runtime rounds it as it is told to.
    """
    budgets = [
        one for module in network.modules() if isinstance(one := getattr(module, "threshold", None), float | int)
    ]
    told = [network.config.model_dump(mode="json"), budgets, package_version(), REVISION]
    key = hashlib.sha256(json.dumps(told).encode())
    for name, tensor in sorted(network.state_dict().items()):
        key.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return cache_folder() / f"{key.hexdigest()[:32]}.onnx"


def cached_model(network: Harmonic) -> tuple[bytes, str]:
    """The bytes of the file, which is made where it is not there yet or is damaged, and what the user should hear
    about it ("").

    Making it takes about a minute. Where it cannot be kept, it is made anew each time. Raises UsageError where a
    package is missing.
    """
    path = cached_file(network)
    checksum = path.with_suffix(".sha256")
    with suppress(OSError, ValueError):
        model = path.read_bytes()
        if checksum.read_text() == hashlib.sha256(model).hexdigest():
            return model, ""
    model = onnx_model(network, {"version": package_version()}, parts=True)
    try:
        atomic_write(path, model)
        atomic_write(checksum, hashlib.sha256(model).hexdigest().encode())
    except (HarmonicError, OSError) as error:
        return model, f"the exported network could not be kept ({error}), so it is made anew each time"
    return model, ""
