"""What `make release` refuses, on small artefacts made here; the release itself is a make target, it takes minutes."""

import gzip
import hashlib
import io
import json
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release.artefacts import settled
from release.contents import MIB, sdist_faults, wheel_faults
from release.packages import UNLOCKED, Package, allowed, licence_faults, reachable, read_lock, read_packages
from release.sbom import sbom

ROOT = Path(__file__).parents[1]
WEIGHTS = b"numbers"
MANIFEST = {"bundled": [{"name": "m", "sha256": hashlib.sha256(WEIGHTS).hexdigest()}]}
FILES = {
    "harmonic/py.typed": b"",
    "harmonic/assets/models.json": json.dumps(MANIFEST).encode(),
    "harmonic/assets/m.safetensors": WEIGHTS,
    "harmonic/assets/m.md": b"# m",
}
METADATA = {
    "harmonic_ir-1.dist-info/METADATA": b"License-Expression: Apache-2.0\n",
    "harmonic_ir-1.dist-info/licenses/LICENSE": b"Apache",
}


def faults(tmp_path: Path, changes: dict[str, bytes | None], tracked: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    path = tmp_path / "x.whl"
    files = {name: data for name, data in {**FILES, **METADATA, **changes}.items() if data is not None}
    with zipfile.ZipFile(path, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return wheel_faults(path, FILES.keys() | tracked)


def test_a_good_wheel_has_no_faults(tmp_path):
    assert faults(tmp_path, {}) == []


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"harmonic/py.typed": None}, "py.typed: is missing"),
        ({"tests/test_x.py": b""}, "git does not know it"),
        ({"harmonic/photo.png": b""}, "git does not know it"),
        ({"harmonic/assets/m.md": None}, "m: has no card"),
        ({"harmonic/assets/m.safetensors": b"others"}, "m: is not the file of models.json"),
        ({"harmonic/assets/n.safetensors": b"more"}, "n: is not the file of models.json"),
        ({"harmonic/assets/m.safetensors": bytes(6 * MIB + 1)}, "m: 6.0 MiB, at most 6"),
        ({"harmonic_ir-1.dist-info/licenses/LICENSE": None}, "LICENSE: is missing"),
        ({"harmonic_ir-1.dist-info/METADATA": b""}, "METADATA: does not name the licence"),
    ],
)
def test_a_bad_wheel_is_refused(tmp_path, changes, words):
    assert any(words in fault for fault in faults(tmp_path, changes))


def test_a_file_of_the_package_that_setuptools_left_out_is_missed(tmp_path):
    assert faults(tmp_path, {}, {"harmonic/page.html"}) == [
        "harmonic/page.html: is not in the wheel; see package-data in pyproject.toml"
    ]


def packed(names: list[str], mtime: int, owner: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        for name in names:
            member = tarfile.TarInfo(f"harmonic_ir-1/{name}")
            member.mtime, member.uname, member.size = mtime, owner, len(name)
            file.addfile(member, io.BytesIO(name.encode()))
    return data.getvalue()


SOURCES = ["src/harmonic/a.py", "LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "pyproject.toml", "PKG-INFO"]


def test_an_sdist_holds_sources_and_no_tests(tmp_path):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(packed(SOURCES, 0, ""))
    assert sdist_faults(path, {"harmonic/a.py"}) == []
    path.write_bytes(packed([*SOURCES[1:], "tests/test_a.py"], 0, ""))
    assert [fault.partition(":")[0] for fault in sdist_faults(path, {"harmonic/a.py"})] == [
        "src/harmonic/a.py",
        "tests/test_a.py",
    ]


def test_an_sdist_depends_on_names_and_contents_alone():
    one, two = packed(SOURCES, 1, "me"), packed(SOURCES[::-1], 2, "you")
    assert one != two and settled(one, 7) == settled(two, 7) != settled(packed(SOURCES[1:], 1, "me"), 7)
    assert gzip.decompress(settled(one, 7)) != gzip.decompress(settled(one, 8))


@pytest.mark.parametrize(
    "licence, scope, answer",
    [
        ("MIT", "required", True),
        ("Apache-2.0 AND BSD-3-Clause", "required", True),
        ("GPL-3.0-only OR MIT", "required", True),
        ("MIT AND GPL-3.0-only", "required", False),
        ("LGPL-3.0-or-later", "required", False),
        ("LGPL-3.0-or-later", "optional", True),
        ("MPL-2.0", "optional", False),
        ("MPL-2.0", "excluded", True),
        ("(MIT)", "required", False),
        ("unknown", "excluded", False),
    ],
)
def test_licences_are_allowed_by_name_and_by_use(licence, scope, answer):
    assert allowed(licence, scope) == answer
    assert bool(list(licence_faults([Package("x", "1", licence, scope)]))) != answer


def test_what_the_wheel_needs_is_found_through_others():
    found, missing = reachable(["typer>=0.1", "nonsense-of-nobody; extra == 'more'"], ())
    assert {"typer", "rich", "pygments"} <= found and not missing
    assert "nonsense-of-nobody: is needed" in reachable(["nonsense-of-nobody; extra == 'more'"], {"more"})[1][0]


def test_what_is_needed_and_not_locked_is_a_fault():
    lock = {name: version for name, version in read_lock(ROOT / "requirements.lock").items() if name != "pygments"}
    _, told = read_packages(lock, ["rich"], ())
    assert any(fault.startswith("pygments: is needed and not in the lock") for fault in told)


def test_every_extra_is_locked_or_known_to_need_no_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = read_lock(ROOT / "requirements.lock")
    asked = {extra: [str(canonicalize_name(Requirement(text).name)) for text in wanted]
             for extra, wanted in project["optional-dependencies"].items() if extra not in UNLOCKED}  # fmt: skip
    assert {(extra, name) for extra, names in asked.items() for name in names if name not in lock} == set()


PACKAGES = [Package("a", "1+cpu", "MIT", "required", ("b",)), Package("b", "2", "BSD", "required"),
            Package("t", "3", "MPL-2.0", "excluded")]  # fmt: skip
MODEL = {"name": "m", "description": "d", "sha256": "0" * 64, "licence": "Apache-2.0"}


def test_a_bill_names_every_part_once_and_refers_to_nothing_else():
    text = sbom("harmonic-ir", "1", "Apache-2.0", {"x.whl": "1" * 64}, PACKAGES, ["a"], [MODEL], 0)
    bill = json.loads(text)
    refs = [part["bom-ref"] for part in bill["components"]]
    assert refs == ["model:m", "pkg:pypi/a@1%2Bcpu", "pkg:pypi/b@2", "pkg:pypi/t@3"]
    needs = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    root = bill["metadata"]["component"]["bom-ref"]
    assert set(needs) <= {root, *refs} and {ref for each in needs.values() for ref in each} <= set(refs)
    assert needs[root] == ["model:m", "pkg:pypi/a@1%2Bcpu"] and needs["pkg:pypi/a@1%2Bcpu"] == ["pkg:pypi/b@2"]
    assert bill["components"][1]["licenses"] == [{"expression": "MIT"}]
    assert bill["components"][2]["licenses"] == [{"license": {"name": "BSD"}}]
    assert text == sbom("harmonic-ir", "1", "Apache-2.0", {"x.whl": "1" * 64}, PACKAGES, ["a"], [MODEL], 0)
