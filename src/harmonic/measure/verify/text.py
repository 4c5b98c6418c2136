"""A report as lines for a terminal, as Markdown, and as JSON."""

import json
import math
from typing import Any

from harmonic.measure.markdown import markdown_table
from harmonic.measure.verify.bounds import GROUPS
from harmonic.measure.verify.check import Check, Report

VERDICTS = {True: "pass", False: "FAIL", None: "n/a"}


def lines(report: Report) -> str:
    """A line for each check and one with the count."""
    rows = []
    for group in GROUPS:
        rows.append(group)
        for check in (c for c in report.checks if c.group == group):
            rows.append(
                f"  {VERDICTS[check.passed]:4}  {check.name:38}  {figure(check):>16}  {_wanted(check)}".rstrip()
            )
    return "\n".join([*rows, summary(report)])


def markdown(report: Report) -> str:
    """A table for each group. Pictures stand in the HTML report."""
    parts = [f"# {summary(report)}", "\n".join(f"- {name}: {value}" for name, value in report.subject)]
    for group in GROUPS:
        rows = []
        for check in (c for c in report.checks if c.group == group):
            meaning = f"{check.meaning} {_sentence(check.remark)}".strip()
            wanted = "" if check.passed is None else f"{check.bound} {check.unit}".strip()
            rows.append((VERDICTS[check.passed], check.name, check.section, figure(check), wanted, meaning))
        head = ["", "check", "seed", "value", "bound", "what it means"]
        parts += [f"## {group}", markdown_table(head, "lllrrl", rows)]
    return "\n\n".join(parts) + "\n"


def as_json(report: Report) -> str:
    """Everything but the pictures. JSON knows neither infinity nor not-a-number: they are written as text."""
    content = {
        "subject": dict(report.subject),
        "passed": len(report.passed),
        "failed": len(report.failed),
        "not_applicable": len(report.not_applicable),
        "checks": [_plain(check) for check in report.checks],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def summary(report: Report) -> str:
    return (
        f"{dict(report.subject)['model']}: {len(report.passed)} passed, {len(report.failed)} failed, "
        f"{len(report.not_applicable)} not applicable"
    )


def figure(check: Check) -> str:
    """The value at four digits; a dash where there is none."""
    return "–" if check.value is None else f"{check.value:.4g}"


def _wanted(check: Check) -> str:
    return check.remark if check.passed is None else f"{check.bound} {check.unit}".strip()


def _sentence(remark: str) -> str:
    return f"{remark[0].upper()}{remark[1:]}." if remark else ""


def _plain(check: Check) -> dict[str, Any]:
    value = check.value
    return {
        "group": check.group,
        "name": check.name,
        "section": check.section,
        "value": value if value is None or math.isfinite(value) else str(value),
        "bound": check.bound,
        "passed": check.passed,
        "unit": check.unit,
        "meaning": check.meaning,
        "remark": check.remark,
    }
