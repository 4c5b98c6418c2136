"""A report as Markdown (2 decimals) and as JSON (6 decimals, picture by picture). Text only: colours are the CLI's."""

import json
import math
from dataclasses import asdict
from typing import Any

from harmonic.measure.score import Quality, Report, SettingScore

_HEAD = (
    "| suite | protocol | setting | set | pictures | PSNR in | PSNR out | gain | SSIM in | SSIM out "
    "| high band in | high band out | 1/4 size in | 1/4 size out | s / picture |\n"
    "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def markdown(report: Report) -> str:
    """One row per setting, dB for RGB, means over pictures; a line below says model, code and encoder."""
    rows = "\n".join(_row(score) for score in report.scores)
    model = report.model or "no model"
    return f"{_HEAD}\n{rows}\n\n{model}; RGB, no shaving; code {report.code}; {report.encoder}{_equal_note(report)}\n"


def as_json(report: Report) -> str:
    """The same with every picture. JSON knows no infinity: it is written as the string "inf"."""
    content = {
        "model": report.model,
        "code": report.code,
        "encoder": report.encoder,
        "colour": "RGB",
        "shave": 0,
        "scores": [_score(score) for score in report.scores],
    }
    return json.dumps(_plain(content), indent=1, allow_nan=False) + "\n"


def _row(score: SettingScore) -> str:
    before, after = score.before, score.after
    figures = [
        _decibel(before.psnr),
        _decibel(after.psnr),
        _gain(before, after),
        f"{before.ssim:.4f}",
        f"{after.ssim:.4f}",
        _decibel(before.high),
        _decibel(after.high),
        _decibel(before.low),
        _decibel(after.low),
        f"{score.seconds / len(score.pictures):.2f}",
    ]
    cells = [score.suite, score.protocol, score.setting, score.data, str(len(score.pictures)), *figures]
    return f"| {' | '.join(cells)} |"


def _decibel(value: float) -> str:
    return f"{value:.2f}"


def _gain(before: Quality, after: Quality) -> str:
    if math.isinf(before.psnr) or math.isinf(after.psnr):
        return "–"
    return f"{after.psnr - before.psnr:+.2f}"


def _equal_note(report: Report) -> str:
    notes = [
        f"; {score.suite} {score.setting}: {score.equal_pictures} outputs equal the clean picture, "
        + ("left out of PSNR means" if score.identical is None else f"each counted as {score.identical:g} dB")
        for score in report.scores
        if score.equal_pictures
    ]
    return "".join(notes)


def _score(score: SettingScore) -> dict[str, Any]:
    return {
        "suite": score.suite,
        "protocol": score.protocol,
        "randomness": score.randomness,
        "setting": score.setting,
        "set": score.data,
        "count": len(score.pictures),
        "equal_pictures": score.equal_pictures,
        "before": asdict(score.before),
        "after": asdict(score.after),
        "seconds": score.seconds,
        "pictures": [asdict(picture) for picture in score.pictures],
    }


def _plain(value: Any) -> Any:
    """Floats at 6 decimals, infinities as text."""
    match value:
        case float():
            return round(value, 6) if math.isfinite(value) else str(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
