"""The packages of the lock as they are installed: which of them the wheel needs, and under which licences they are."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Scope = Literal["required", "optional", "excluded"]
"""CycloneDX's words: of the wheel itself; of its extras; of tests and lint only."""

PERMISSIVE = {"0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
              "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib"}  # fmt: skip
ALLOWED: dict[Scope, set[str]] = {
    "required": PERMISSIVE,
    "optional": PERMISSIVE | {"LGPL-3.0-or-later"},  # libvips: a library of its own, that users install if they want
    "excluded": PERMISSIVE | {"MPL-2.0"},  # never shipped, never installed by users
}
_SPELT = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages that know no SPDX write, in classifiers or as text."""


TESTS = {"dev", "page-tests"}
"""Our extras that no user installs."""

UNLOCKED = TESTS | {"ray"}
"""Our extras whose packages need not be in the lock; Ray must have the version of the cluster, whichever that is."""


@dataclass(frozen=True)
class Package:
    """licence: an SPDX expression, or BSD where the package does not say which. needs: names of other packages."""

    name: str
    version: str
    licence: str
    scope: Scope
    needs: tuple[str, ...] = ()


def read_lock(path: Path) -> dict[str, str]:
    """Versions by canonical name."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", path.read_text(), re.MULTILINE)
    return {str(canonicalize_name(name)): version for name, version in pins}


def read_packages(
    lock: dict[str, str], requires: Iterable[str], extras: Iterable[str]
) -> tuple[list[Package], list[str]]:
    """The installed packages of the lock -> packages sorted by name, and faults, a line each.

    requires, extras: those of our wheel. Extras whose packages are not in the lock are faults too, `UNLOCKED` apart:
    nobody knows their licences.
    """
    requires = list(requires)
    required, faults = reachable(requires, ())
    optional, more = reachable(requires, set(extras) - UNLOCKED)
    faults += [fault for fault in more if fault not in faults]
    packages = []
    for name in sorted({*lock, *optional}):
        scope: Scope = "required" if name in required else "optional" if name in optional else "excluded"
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if name in lock:
                faults.append(f"{name}: is in the lock and not installed; run make venv")
            continue
        if name not in lock:
            faults.append(f"{name}: is needed and not in the lock (of torch's builds, the CPU one alone needs no more)")
        elif lock[name] != found.version.partition("+")[0]:
            faults.append(f"{name}: {found.version} is installed, the lock has {lock[name]}; run make venv")
        needs = tuple(sorted(n for n in _needs(found.requires or [], ()) if n in lock or n in optional))
        packages.append(Package(name, found.version, licence_of(found), scope, needs))
    return packages, faults


def reachable(requires: Iterable[str], extras: Iterable[str]) -> tuple[set[str], list[str]]:
    """Canonical names of all that must be installed here for requirements and extras of them; what is absent."""
    found: set[tuple[str, str]] = set()
    missing: dict[str, None] = {}
    waiting = [(name, extra) for name, wanted in _needs(requires, extras).items() for extra in ("", *wanted)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        try:
            inner = distribution(name).requires or []
        except PackageNotFoundError:
            missing[f"{name}: is needed and not installed; add it to requirements.lock"] = None
            continue
        waiting += [(n, e) for n, wanted in _needs(inner, [extra] if extra else ()).items() for e in ("", *wanted)]
    return {name for name, _ in found}, list(missing)


def direct(requires: Iterable[str], extras: Iterable[str]) -> set[str]:
    """Canonical names of the packages that a wheel itself asks for here, `UNLOCKED` extras left out."""
    return set(_needs(requires, set(extras) - UNLOCKED))


def _needs(requires: Iterable[str], extras: Iterable[str]) -> dict[str, set[str]]:
    """Names and their extras, of the requirements that hold on this platform."""
    found: dict[str, set[str]] = {}
    for text in requires:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            found.setdefault(str(canonicalize_name(requirement.name)), set()).update(requirement.extras)
    return found


def licence_of(found: Distribution) -> str:
    """What the package says: its SPDX expression, else its classifiers, else its one line of text, else 'unknown'."""
    expressions, classifiers, texts = (
        found.metadata.get_all(field) or [] for field in ("License-Expression", "Classifier", "License")
    )
    if expressions:
        return str(expressions[0])
    told = [str(line).rpartition(" :: ")[2] for line in classifiers if str(line).startswith("License ::")]
    told = [_SPELT.get(line, line) for line in told if line != "OSI Approved"]
    short = [_SPELT.get(line, line) for text in texts if "\n" not in (line := str(text).strip()) and 0 < len(line) < 40]
    # The classifier says less than a line that names the kind of BSD.
    return short[0] if short and told in ([], ["BSD"]) else " AND ".join(told) or "unknown"


def allowed(licence: str, scope: Scope) -> bool:
    """Of an OR one is enough, of an AND all are needed. What cannot be read is not allowed."""
    return any(all(part in ALLOWED[scope] for part in way.split(" AND ")) for way in licence.split(" OR "))


def licence_faults(packages: Iterable[Package]) -> Iterator[str]:
    for package in packages:
        if not allowed(package.licence, package.scope):
            yield f"{package.name}: {package.licence!r} is no licence that {package.scope} packages may have"


def licence_table(packages: Iterable[Package]) -> str:
    """Markdown: what is needed first."""
    order = {"required": 0, "optional": 1, "excluded": 2}
    rows = sorted(packages, key=lambda package: (order[package.scope], package.name))
    head = "# Licences of dependencies\n\nrequired: by the wheel; optional: by its extras; excluded: tests and lint.\n"
    body = [f"| {p.name} | {p.version} | {p.licence} | {p.scope} |" for p in rows]
    return "\n".join([head, "| package | version | licence | scope |", "|---|---|---|---|", *body]) + "\n"
