"""`python -m release`: build, check, try, and write what goes beside the files. `make release` calls it."""

import argparse
import hashlib
import json
import tempfile
import zipfile
from email import message_from_bytes
from pathlib import Path

from release.artefacts import build, commit_time, git
from release.contents import MIB, sdist_faults, wheel_faults
from release.packages import direct, licence_faults, licence_table, read_lock, read_packages
from release.sbom import sbom
from release.trial import trial

ROOT = Path(__file__).parents[1]
MADE = ("harmonic_ir-*.whl", "harmonic_ir-*.tar.gz", "sbom.cdx.json", "LICENCES.md", "SHA256SUMS")
"""What a release consists of; the sums are written last, and an earlier release is cleared first."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("target", type=Path, help="folder for the files; those of an earlier release are replaced")
    parser.add_argument(
        "--borrow", type=Path, help="site-packages to take dependencies from instead of installing them"
    )
    parser.add_argument("--torch-index", default="", help="where torch's wheel comes from; default: pip's")
    arguments = parser.parse_args()
    if git(ROOT, "status", "--porcelain", "--untracked-files=no"):
        raise SystemExit(
            "error: the tree differs from the newest commit, which is what is built; commit or stash first"
        )
    for old in (path for pattern in MADE for path in arguments.target.glob(pattern)):
        old.unlink()
    release = build(ROOT, arguments.target)
    with tempfile.TemporaryDirectory() as folder:
        again = build(ROOT, Path(folder))
        for first, second in zip(release, again, strict=True):
            if first.read_bytes() != second.read_bytes():
                raise SystemExit(f"error: {first.name}: two builds differ")
            print(f"{first.name}: {first.stat().st_size / MIB:.2f} MiB, twice the same")
    tracked = [f"harmonic/{name}" for name in git(ROOT, "-C", "src/harmonic", "ls-files").splitlines()]
    stop([*wheel_faults(release.wheel, tracked), *sdist_faults(release.sdist, tracked)])
    print("contents: ok")
    describe(release.wheel, release.sdist, arguments.target)
    trial(release.wheel, ROOT, arguments.borrow, arguments.torch_index)
    files = sorted(path for pattern in MADE for path in arguments.target.glob(pattern))
    sums = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
    (arguments.target / "SHA256SUMS").write_text(sums)
    print(sums, end="")


def describe(wheel: Path, sdist: Path, target: Path) -> None:
    """Write the bill of materials and the table of licences, or stop at what must not be shipped."""
    with zipfile.ZipFile(wheel) as file:
        metadata = next(name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        says = message_from_bytes(file.read(metadata))
        models = json.loads(file.read("harmonic/assets/models.json"))["bundled"]
    requires, extras = says.get_all("Requires-Dist") or [], says.get_all("Provides-Extra") or []
    packages, faults = read_packages(read_lock(ROOT / "requirements.lock"), requires, extras)
    stop([*faults, *licence_faults(packages)])
    files = {path.name: sha256(path) for path in (wheel, sdist)}
    asked = direct(requires, extras)
    bill = sbom(
        says["Name"], says["Version"], says["License-Expression"], files, packages, asked, models, commit_time(ROOT)
    )
    (target / "sbom.cdx.json").write_text(bill)
    (target / "LICENCES.md").write_text(licence_table(packages))
    print(f"licences of {len(packages)} packages: ok")


def stop(faults: list[str]) -> None:
    if faults:
        raise SystemExit("\n".join(f"error: {fault}" for fault in faults))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
