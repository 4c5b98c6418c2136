"""A report as plain values, as JSON (6 decimals, picture by picture) and as Markdown (2 decimals). Text only."""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import fmean
from typing import Any

from harmonic.measure.markdown import markdown_table
from harmonic.measure.report import PictureScore, Report, SettingScore

Content = Mapping[str, Any]
"""A report as JSON holds it; infinity is the string "inf"."""

_WORDS = ("suite", "protocol", "setting", "set")
_FIXED = {"psnr": "PSNR", "ssim": "SSIM", "high": "high band", "low": "1/4 size"}
_EXACTLY = {
    "ssim": "SSIM: 11x11 Gaussian of sigma 1.5, covered positions only, mean of channels (C3)",
    "high": "high band: PSNR of what a quarter-size picture cannot hold",
    "low": "1/4 size: PSNR of the pictures shrunk to a quarter by antialiased bicubic, unrounded",
}
_WAYS = ("before", "after")
_FINE = {"ssim": 4, "ssim_box": 4, "ms_ssim": 4, "gmsd": 4}  # decimals of what does not count in dB or the like; 2 else


def content_of(report: Report) -> dict[str, Any]:
    """Everything, floats at 6 decimals."""
    return _plain(
        {
            "command": report.command,
            "date": report.date,
            "model": report.model,
            **({"sha256": report.sha256} if report.sha256 else {}),
            "trained_on": report.trained_on,
            "code": report.code,
            "encoder": report.encoder,
            "machine": report.machine,
            "measures": dict(report.protocols),
            "scores": [_score(score) for score in report.scores],
        }
    )


def as_json(content: Content) -> str:
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def markdown(content: Content) -> str:
    """A table for each run of settings with the same figures, means over pictures; what they are stands below."""
    scores: Sequence[Content] = content["scores"]
    tables = [_table(list(group)) for _, group in groupby(scores, key=_columns)]
    model = content["model"] or "no model: the inputs themselves"
    taken = {name for score in scores for name in _columns(score)}
    notes = [
        f"{model}; code {content['code']}; {content['encoder']}; {content['machine']}{_equal_note(scores)}",
        *_colours(scores),
    ]
    notes += [text for name, text in _EXACTLY.items() if name in taken]
    notes += [f"{name}: {text}{_patches(scores, name)}" for name, text in content["measures"].items() if name in taken]
    return "\n\n".join([*tables, "  \n".join(notes)]) + "\n"


def number(value: float | str | None, decimals: int = 2) -> str:
    """What there is not is a dash."""
    return "–" if value is None else f"{float(value):.{decimals}f}"


def _columns(score: Content) -> tuple[str, ...]:
    """Names of the figures of a setting, those of whole sets last."""
    return (*score["after"], *score.get("sets", ()))


def _table(scores: Sequence[Content]) -> str:
    head = [*_WORDS, "pictures"]
    for name in _columns(scores[0]):
        shown = _FIXED.get(name, name)
        head += [f"{shown} in", f"{shown} out", *(["gain"] if name == "psnr" else [])]
    head.append("s / picture")
    align = "l" * len(_WORDS) + "r" * (len(head) - len(_WORDS))
    return markdown_table(head, align, map(_row, _with_means(scores)))


def _with_means(scores: Sequence[Content]) -> list[Content]:
    """HMIX-1 has a mean over its severities too, of PSNR of tiles as well; other figures of whole sets have none."""
    rows: list[Content] = []
    for (suite, _), group in groupby(scores, key=lambda score: (score["suite"], score["set"])):
        rows += (alike := list(group))
        if suite == "hmix" and len(alike) > 1:
            means = {way: {name: fmean(float(score[way][name]) for score in alike) for name in alike[0][way]}
                     for way in _WAYS}  # fmt: skip
            sides = {name: _mean_of_sets(alike, name) for name in alike[0].get("sets", ())}
            seconds = fmean(score["seconds"] for score in alike)
            rows.append({**alike[0], "setting": "mean", "sets": sides, **means, "seconds": seconds})
    return rows


def _mean_of_sets(scores: Sequence[Content], name: str) -> dict[str, float]:
    found = [score["sets"][name] for score in scores]
    if name != "p63" or not all(figures["patches"] for figures in found):
        return {}  # distances between two clouds of patches have no mean
    return {way: fmean(float(figures[way]) for figures in found) for way in _WAYS}


def _patches(scores: Sequence[Content], name: str) -> str:
    """How many there were, for figures that hang on it."""
    counts = {score["sets"][name]["patches"] for score in scores if name in score.get("sets", ())}
    return f"; patches a row: {min(counts):,}" + (f" to {max(counts):,}" if len(counts) > 1 else "") if counts else ""


def _row(score: Content) -> list[str]:
    cells = [str(score[word]) for word in _WORDS] + [str(score["count"])]
    for name in _columns(score):
        sides = score["sets"][name] if name in score.get("sets", ()) else {w: score[w].get(name) for w in _WAYS}
        cells += [number(sides.get(way), _FINE.get(name, 2)) for way in _WAYS]
        if name == "psnr":
            cells.append(_gain(score["before"], score["after"]))
    return [*cells, f"{score['seconds'] / score['count']:.2f}"]


def _gain(before: Content, after: Content) -> str:
    gain = float(after["psnr"]) - float(before["psnr"])
    return f"{gain:+.2f}" if math.isfinite(gain) else "–"


def _colours(scores: Sequence[Content]) -> list[str]:
    """What was compared, and how much border was cut, a line for each way."""
    ways: dict[str, dict[str, None]] = {}
    for score in scores:
        if "psnr" in score["after"]:
            border = "as many pixels shaved as the scale" if score["shave"] else "nothing shaved"
            ways.setdefault(f"{score['colour']}, {border}", {})[score["protocol"]] = None
    return [f"{way}: {'; '.join(protocols)}" for way, protocols in ways.items()]


def _equal_note(scores: Sequence[Content]) -> str:
    notes = [
        f"; {score['suite']} {score['setting']}: {score['equal_pictures']} outputs equal the clean picture, "
        + ("left out of PSNR means" if score["identical"] is None else f"each counted as {score['identical']:g} dB")
        for score in scores
        if score["equal_pictures"]
    ]
    return "".join(notes)


def _score(score: SettingScore) -> dict[str, Any]:
    suite = score.suite
    content = {
        "suite": suite.name,
        "protocol": suite.protocol,
        "colour": suite.colour,
        "shave": score.shave,
        "inputs_only": suite.inputs_only,
        "randomness": suite.randomness,
        "setting": score.setting,
        "set": score.data,
        "task": suite.task,
        "published_setting": score.published,
        "count": len(score.pictures),
        "identical": suite.identical,
        "equal_pictures": score.equal_pictures,
        "before": score.before.figures(),
        "after": score.after.figures(),
        "seconds": score.seconds,
    }
    sets = {"sets": {name: dict(figures) for name, figures in score.sets.items()}} if score.sets else {}
    return content | sets | {"pictures": [_picture(picture) for picture in score.pictures]}


def _picture(score: PictureScore) -> dict[str, Any]:
    before, after = (quality.figures() for quality in (score.before, score.after))
    return {"picture": score.picture, "input_sha256": score.digest, "before": before, "after": after,
            "seconds": score.seconds}  # fmt: skip


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
