"""Which room may import what (ARCHITECTURE.md). Late and type-only imports count: they are where cycles hide."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "harmonic"

# Rooms, and the single files of the root, with the others that each may import.
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "version": set(),
    "assets": {"images", "errors"},
    "ops": {"errors"},
    "images": {"errors"},
    "nn": {"ops", "errors"},
    "degrade": {"ops", "errors"},
    "losses": {"nn", "ops", "errors"},
    "network": {"nn", "ops", "errors"},
    "restore": {"network", "nn", "images", "ops", "assets", "version", "errors"},
    "train": {"network", "nn", "losses", "degrade", "restore", "images", "ops", "assets", "errors"},
    "measure": {"restore", "train", "network", "nn", "degrade", "images", "ops", "assets", "version", "errors"},
    "serve": {"restore", "nn", "images", "version", "errors"},
    "__init__": {"network", "restore", "version"},
    "__main__": {"cli"},
}
ROOMS["cli"] = set(ROOMS) - {"__init__", "__main__"}

THIRD_PARTY: dict[str, set[str]] = {
    "ops": {"torch", "numpy"},
    "images": {"numpy", "PIL", "pyvips"},  # no torch: listing and checking files stays quick
    "nn": {"torch"},
    "degrade": {"torch", "numpy", "PIL", "pydantic"},
    "losses": {"torch", "safetensors"},
    "network": {"torch", "safetensors", "pydantic"},
    "restore": {"torch", "numpy", "PIL", "onnx", "onnxscript", "onnxruntime", "openvino", "ray"},
    "train": {"torch", "numpy", "PIL", "pydantic", "safetensors", "yaml", "matplotlib"},  # nothing of the command line
    "measure": {"torch", "numpy", "PIL", "safetensors", "matplotlib", "spandrel"},
    "serve": {"torch", "numpy", "PIL", "pydantic", "fastapi", "starlette", "uvicorn", "h11"},
    "cli": {"typer", "rich", "numpy", "yaml"},
}

# What opens connections or listens, in the standard library and among what is commonly installed.
NETWORK = {"socket", "ssl", "socketserver", "urllib.request", "http.client", "http.server", "ftplib", "smtplib",
           "poplib", "imaplib", "xmlrpc", "requests", "httpx", "urllib3", "aiohttp", "websockets", "torch.hub",
           "huggingface_hub"}  # fmt: skip
MAY: dict[str, set[str]] = {
    "assets/fetch.py": {"urllib.request", "http.client"},  # harmonic models pull
    "images/atomic.py": {"socket"},  # for the name of the machine
    "serve": {"socket", "ssl", "socketserver", "http.server"},  # it listens, and calls nobody
}


def test_only_pulling_a_model_opens_a_connection():
    """The network is touched by one file, and that file by the one command that a user gives for it."""
    found = {path: path.read_text() for path in PACKAGE.rglob("*.py")}
    assert not [(path, fault) for path, source in found.items() for fault in network_imports(source, path)]
    assert set(re.findall(r"socket\.(\w+)", found[PACKAGE / "images" / "atomic.py"])) == {"gethostname"}
    fetchers = {path.relative_to(PACKAGE).as_posix() for path, source in found.items() if "assets.fetch" in source}
    assert fetchers == {"cli/models.py"}


@pytest.mark.parametrize(
    "source",
    ["import socket", "def late():\n    from urllib import request", "from torch.hub import load", "import ssl"],
)
def test_a_planted_connection_is_found(source: str):
    assert list(network_imports(source, PACKAGE / "restore" / "restorer.py"))
    assert not list(network_imports("from urllib.parse import urlsplit", PACKAGE / "restore" / "restorer.py"))


def test_every_room_keeps_to_the_table():
    faults = [fault for path in sorted(PACKAGE.rglob("*.py")) for fault in import_faults(path.read_text(), path)]
    assert not faults, "\n" + "\n".join(faults)


def test_the_table_has_no_cycle():
    """Rooms in layers: each stands only on rooms that are already standing."""
    standing: set[str] = set()
    while ready := {room for room, below in ROOMS.items() if room not in standing and below <= standing}:
        standing |= ready
    assert standing == set(ROOMS)


@pytest.mark.parametrize(
    "place, source, fault",
    [
        ("ops/band.py", "from harmonic.nn.parts import Parts", "ops may not import harmonic.nn"),
        ("restore/tile.py", "def late():\n    import harmonic.train.loop", "restore may not import harmonic.train"),
        (
            "losses/pixel.py",
            "if TYPE_CHECKING:\n    from harmonic.network.harmonic import H",
            "may not import harmonic.net",
        ),
        ("network/config.py", "from ..cli import app", "network may not import harmonic.cli"),
        ("network/config.py", "from .. import cli", "network may not import harmonic.cli"),
        (
            "images/read.py",
            "import importlib\nimportlib.import_module('harmonic.restore')",
            "may not import harmonic.restore",
        ),
        ("cli/restore.py", "from harmonic import Restorer", "name the room, not the package root"),
        ("images/read.py", "import torch.nn", "images may not import torch"),
        ("train/loop.py", "def late():\n    from rich import print", "train may not import rich"),
        ("attic/old.py", "import math", "attic is not in the table"),
    ],
)
def test_a_planted_fault_is_found(place: str, source: str, fault: str):
    found = list(import_faults(source, PACKAGE / place))
    assert len(found) == 1
    assert fault in found[0]
    assert found[0].startswith(f"{place}:{len(source.splitlines())}: ")


@pytest.mark.parametrize(
    "source", ["from harmonic.ops.band import x", "from .norm import x", "import torch, math", "'torch'"]
)
def test_what_is_allowed_passes(source: str):
    assert not list(import_faults(source, PACKAGE / "nn" / "block.py"))


def import_faults(source: str, path: Path) -> Iterator[str]:
    """One line "file:line: fault" for each import in `source` that the tables forbid to the room of `path`."""
    place = path.relative_to(PACKAGE)
    room = place.parts[0].removesuffix(".py")
    if room not in ROOMS:
        yield f"{place}:1: {room} is not in the table of rooms in {Path(__file__).name}"
        return
    for line, module in imports(source, ["harmonic", *place.parts[:-1]]):
        top, _, inner = module.partition(".")
        target = inner.partition(".")[0]
        if top != "harmonic":
            if top not in sys.stdlib_module_names and top not in THIRD_PARTY.get(room, set()):
                yield f"{place}:{line}: {room} may not import {top}"
        elif target not in ROOMS:
            yield f"{place}:{line}: {module}: name the room, not the package root"
        elif target != room and target not in ROOMS[room]:
            yield f"{place}:{line}: {room} may not import harmonic.{target}"


def network_imports(source: str, path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of each import of what opens connections, but for the files and rooms that may."""
    place = path.relative_to(PACKAGE)
    for line, module in imports(source, ["harmonic", *place.parts[:-1]]):
        refused = NETWORK - MAY.get(place.as_posix(), set()) - MAY.get(place.parts[0], set())
        if any(f"{module}.".startswith(f"{name}.") for name in refused):
            yield line, module


def imports(source: str, package: list[str]) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted module) of each import, wherever it stands. `package`: that of the file, in parts."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = package[: len(package) - level + 1] if level else []
                base = base + (module.split(".") if module else [])
                # `from harmonic import nn` names a room, `from harmonic.nn import block` a file of it.
                yield from ((node.lineno, ".".join([*base, alias.name])) for alias in names)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(module)), *_]):
                yield node.lineno, module
