"""What a wheel and an sdist must hold and must not hold, as one line a fault."""

import hashlib
import json
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

MIB = 1 << 20
WHEEL_LIMIT = 40 * MIB
WEIGHTS_LIMIT = 6 * MIB
BASE_LIMITS = {"restore-base": 12 * MIB, "restore-texture": 12 * MIB}
"""Models of the preset base may be larger."""
_NEEDED = ("harmonic/py.typed", "harmonic/assets/models.json")


def wheel_faults(path: Path, tracked: Iterable[str]) -> list[str]:
    """tracked: files of src/harmonic that git knows, as `harmonic/...`: those and the metadata, and nothing else."""
    faults = []
    if path.stat().st_size > WHEEL_LIMIT:
        faults.append(f"{path.name}: {path.stat().st_size / MIB:.1f} MiB, at most {WHEEL_LIMIT / MIB:.0f}")
    with zipfile.ZipFile(path) as file:
        files = {name: file.read(name) for name in file.namelist() if not name.endswith("/")}
    metadata = {name for name in files if PurePosixPath(name).parts[0].endswith(".dist-info")}
    package = files.keys() - metadata
    faults += [f"{name}: is not in the wheel; see package-data in pyproject.toml" for name in {*tracked} - package]
    faults += [f"{name}: is in the wheel, and git does not know it" for name in package - {*tracked}]
    faults += [f"{name}: is missing" for name in _NEEDED if name not in files]
    if not any(name.endswith("/licenses/LICENSE") for name in metadata):
        faults.append("LICENSE: is missing")
    if not any(name.endswith("/METADATA") and b"License-Expression: Apache-2.0" in files[name] for name in metadata):
        faults.append("METADATA: does not name the licence")
    return sorted([*faults, *model_faults(files)])


def model_faults(files: Mapping[str, bytes]) -> Iterator[str]:
    """Every weights file is small enough, has a card, and is the one of the manifest."""
    manifest = json.loads(files.get("harmonic/assets/models.json", b'{"bundled": []}'))
    digests = {entry["name"]: entry["sha256"] for entry in manifest["bundled"]}
    weights = {PurePosixPath(name).stem: data for name, data in files.items() if name.endswith(".safetensors")}
    for name in sorted(weights.keys() | digests.keys()):
        data, limit = weights.get(name, b""), BASE_LIMITS.get(name, WEIGHTS_LIMIT)
        if len(data) > limit:
            yield f"{name}: {len(data) / MIB:.1f} MiB, at most {limit / MIB:.0f}"
        if hashlib.sha256(data).hexdigest() != digests.get(name):
            yield f"{name}: is not the file of models.json; run make docs"
        if f"harmonic/assets/{name}.md" not in files:
            yield f"{name}: has no card; run make docs"


def sdist_faults(path: Path, tracked: Iterable[str]) -> list[str]:
    """The sources with what builds them, licence and change log; no tests, no pictures of the data sets."""
    with tarfile.open(path) as file:
        names = {"/".join(PurePosixPath(member.name).parts[1:]) for member in file.getmembers() if member.isfile()}
    needed = {f"src/{name}" for name in tracked} | {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "pyproject.toml",
    }
    made = {"PKG-INFO", "setup.cfg", "MANIFEST.in"}
    extra = {name for name in names - needed - made if not name.startswith("src/harmonic_ir.egg-info/")}
    return sorted([f"{name}: is not in the sdist" for name in needed - names]
                  + [f"{name}: does not belong in the sdist; see MANIFEST.in" for name in extra])  # fmt: skip
