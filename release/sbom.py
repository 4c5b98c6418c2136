"""The bill of materials of a release: CycloneDX 1.6, JSON (https://cyclonedx.org/docs/1.6/json/)."""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from release.packages import Package


def sbom(name: str, version: str, licence: str, files: Mapping[str, str], packages: Iterable[Package],
         direct: Iterable[str], models: Iterable[Mapping[str, Any]], time: int) -> str:  # fmt: skip
    """files: SHA-256 of wheel and sdist by name. direct: names of the packages that the wheel itself asks for.
    models: entries of models.json. time: seconds since 1970.

    Equal inputs give equal bytes, the serial number included.
    """
    packages = list(packages)
    root = _purl(name, version)
    model_parts = [_model(model) for model in models]
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "library",
                "bom-ref": root,
                "name": name,
                "version": version,
                "purl": root,
                "licenses": [{"license": {"id": licence}}],
                "components": [_file(file, digest) for file, digest in sorted(files.items())],
            },
        },
        "components": [*model_parts, *map(_package, packages)],
        "dependencies": _dependencies(root, [part["bom-ref"] for part in model_parts], set(direct), packages),
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return json.dumps({"serialNumber": f"urn:uuid:{serial}", **content}, indent=1) + "\n"


def _dependencies(root: str, models: list[str], direct: set[str], packages: list[Package]) -> list[dict[str, Any]]:
    refs = {package.name: _purl(package.name, package.version) for package in packages}
    return [
        {"ref": root, "dependsOn": sorted([*models, *(refs[name] for name in direct if name in refs)])},
        *({"ref": refs[p.name], "dependsOn": sorted(refs[n] for n in p.needs if n in refs)} for p in packages),
    ]


def _package(package: Package) -> dict[str, Any]:
    known = not {"BSD", "unknown"} & set(re.split(" AND | OR ", package.licence))  # those two are no SPDX names
    licence = {"expression": package.licence} if known else {"license": {"name": package.licence}}
    purl = _purl(package.name, package.version)
    return {"type": "library", "bom-ref": purl, "name": package.name, "version": package.version,
            "scope": package.scope, "licenses": [licence], "purl": purl}  # fmt: skip


def _model(model: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{model['name']}",
        "name": model["name"],
        "description": model["description"],
        "hashes": [{"alg": "SHA-256", "content": model["sha256"]}],
        "licenses": [{"license": {"id": model["licence"]}}],
    }


def _file(name: str, digest: str) -> dict[str, Any]:
    return {"type": "file", "bom-ref": f"file:{name}", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version.replace('+', '%2B')}"
