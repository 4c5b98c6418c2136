"""A report as one HTML file: pictures inside, no script, nothing loaded from elsewhere, for light and dark screens."""

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from harmonic.measure.verify.bounds import GROUPS
from harmonic.measure.verify.check import Check, Picture, Report
from harmonic.measure.verify.text import VERDICTS, figure, summary

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #7d8590; --good: #2da44e; --bad: #d1242f; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 62rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; color: var(--soft); }
dd { margin: 0; } table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .35rem .6rem; border-top: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); border: 0; } td.number { text-align: right; white-space: nowrap; }
td:nth-child(2) { width: 100%; } td.number p { white-space: normal; min-width: 5.5rem; }
.verdict { font-weight: 600; white-space: nowrap; }
.pass { color: var(--good); } .fail { color: var(--bad); } .none { color: var(--soft); }
p { margin: 0; color: var(--soft); font-size: .9rem; } figure { margin: 1rem 0; }
figure > div { overflow-x: auto; } img { max-width: 100%; height: auto; }
svg text { fill: currentColor; font: 12px system-ui, sans-serif; }
figcaption { color: var(--soft); font-size: .9rem; }
@media (max-width: 40rem) { td.seed, th.seed { display: none; } }
"""
_CLASSES = {True: "pass", False: "fail", None: "none"}


def page(report: Report) -> str:
    """The whole document."""
    title = summary(report)
    head = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in report.subject)
    groups = [_group(group, [c for c in report.checks if c.group == group]) for group in GROUPS]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{escape(title)}</h1>\n<dl>{head}</dl>\n{_failures(report)}{''.join(groups)}</body></html>\n"
    )


def _failures(report: Report) -> str:
    """What is red, at the top, where it is seen."""
    if not report.failed:
        return ""
    items = "".join(
        f"<li>{escape(c.name)}: {escape(figure(c))} where {escape(f'{c.bound} {c.unit}'.strip())} is wanted</li>"
        for c in report.failed
    )
    return f'<h2 class="fail">Failed</h2><ul>{items}</ul>\n'


def _group(name: str, checks: list[Check]) -> str:
    rows = "".join(_row(check) for check in checks)
    figures = "".join(_figure(picture) for check in checks for picture in check.pictures)
    return (
        f"<h2>{escape(name)}</h2>\n<table><tr><th></th><th>check</th><th class=seed>seed</th><th>value</th>"
        f"<th>bound</th></tr>\n{rows}</table>\n{figures}"
    )


def _row(check: Check) -> str:
    remark = f" {escape(check.remark)}" if check.remark else ""
    unit = f" {escape(check.unit)}" if len(check.unit) < 4 else f"<p>{escape(check.unit)}</p>"
    wanted = "" if check.passed is None else f"{escape(check.bound)}{unit}"
    return (
        f'<tr><td class="verdict {_CLASSES[check.passed]}">{VERDICTS[check.passed]}</td>'
        f"<td>{escape(check.name)}<p>{escape(check.meaning)}{f' <em>{remark.strip()}</em>' if remark else ''}</p></td>"
        f'<td class="seed">{escape(check.section)}</td><td class="number">{escape(figure(check))}</td>'
        f'<td class="number">{wanted}</td></tr>\n'
    )


def _figure(picture: Picture) -> str:
    if picture.svg is not None:
        content = picture.svg
    else:
        assert picture.pixels is not None
        content = f'<img alt="{escape(picture.caption)}" src="{_data(picture.pixels)}">'
    return f"<figure><div>{content}</div><figcaption>{escape(picture.caption)}</figcaption></figure>\n"


def _data(pixels: np.ndarray) -> str:
    """(H, W, 3) uint8 as the address of itself. JPEG at high quality without subsampling: differences must be seen."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
