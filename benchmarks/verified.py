"""What `harmonic verify` finds in the bundled weights, for docs/benchmarks.md and the cards.

    python benchmarks/verified.py [NAME ...] --data DIR     # DIR holds val.txt; without names all; minutes each

Adds to results/verify.json: for each model the SHA-256 of its weights, how many checks passed, and those that failed.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harmonic.assets import bundled_names
from harmonic.cli.allocator import keep_freed_memory
from harmonic.measure.origin import code, machine
from harmonic.measure.verify.check import Check, Report
from harmonic.measure.verify.run import verify
from harmonic.restore.restorer import Restorer

RESULTS = Path("results/verify.json")


def row(check: Check) -> dict[str, Any]:
    value = None if check.value is None else float(f"{check.value:.4g}")
    return {"group": check.group, "name": check.name, "value": value, "bound": check.bound, "unit": check.unit,
            "remark": check.remark.removesuffix("; the four worst below")}  # fmt: skip


def found(report: Report) -> dict[str, Any]:
    return {"passed": len(report.passed), "failed": [row(check) for check in report.failed]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    keep_freed_memory()
    for name in given.names or bundled_names():
        report = verify(name, given.data)
        today = datetime.now(UTC).date().isoformat()
        about = {"sha256": Restorer(name).digest, "code": code(), "machine": machine(), "date": today}
        models = json.loads(RESULTS.read_text())["models"] if RESULTS.exists() else {}
        models[name] = {**about, **found(report)}
        command = "python benchmarks/verified.py --data DATA/train"
        content = {"command": command, "date": today, "models": dict(sorted(models.items()))}
        RESULTS.write_text(json.dumps(content, indent=1) + "\n")
        print(f"{name}: {models[name]['passed']} pass, {len(report.failed)} fail", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
