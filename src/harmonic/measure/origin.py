"""What a figure comes from, beside weights and pictures: processor, code and codec (C8)."""

import platform
from functools import cache
from hashlib import sha256
from pathlib import Path

import torch
from PIL import __version__ as pillow_version
from PIL import features

from harmonic.restore.device import computes_bf16, device_name
from harmonic.version import package_version

PACKAGE = Path(__file__).parents[1]
CPU = torch.device("cpu")


def machine(device: torch.device = CPU) -> str:
    """Processor or GPU, whether it computes in bf16 (figures move in the third decimal with it), torch, threads."""
    of = f"{device_name(device)} ({platform.machine()})" if device.type == "cpu" else device_name(device)
    threads = torch.get_num_threads()
    bf16 = "bf16 in hardware" if computes_bf16(device) else "bf16 emulated"
    counted = f", {threads} thread{'s' if threads > 1 else ''}" if device.type == "cpu" else ""
    return f"{of}, {bf16}, torch {torch.__version__}{counted}"


@cache
def code() -> str:
    """Version of the package, and a digest over its sources, which change without it."""
    digest = sha256()
    for file in sorted(PACKAGE.rglob("*.py")):
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return f"{package_version()}, source {digest.hexdigest()[:12]}"


def jpeg_encoder() -> str:
    """The codec behind the JPEG inputs."""
    turbo = features.version_feature("libjpeg_turbo")
    return f"Pillow {pillow_version}, " + (f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version('jpg')}")
