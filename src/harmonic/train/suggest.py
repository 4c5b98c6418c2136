"""From pydantic's errors to one line: which key is wrong, and which one was meant."""

import difflib
import types
from collections.abc import Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

Place = tuple[int | str, ...]


def explain(error: ValidationError, root: type[BaseModel], prefix: str = "") -> str:
    """The first error that is a wrong key, else the first of all, as one line. prefix: where `root` stands."""
    errors = error.errors()
    first = next((e for e in errors if e["type"] in ("extra_forbidden", "union_tag_not_found")), errors[0])
    place, given = ".".join(map(str, (*([prefix] if prefix else ()), *first["loc"]))), first["input"]
    match first["type"]:
        case "extra_forbidden":
            return f"unknown key {place}{_meant(first['loc'], root)}"
        case "union_tag_not_found" if isinstance(given, dict):
            wrong = difflib.get_close_matches("kind", list(given), 1)
            return f"{place}: needs `kind`" + (f"; did you mean kind instead of {wrong[0]}?" if wrong else "")
        case "union_tag_invalid":
            context = first.get("ctx", {})
            known = [tag.strip("' ") for tag in context["expected_tags"].split(",")]
            meant = nearest(context["tag"], known)
            advice = f"did you mean {meant}?" if meant else f"use one of {', '.join(known)}"
            return f"{place}: unknown kind {context['tag']}; {advice}"
        case "value_error":
            return f"{place + ': ' if place else ''}{first['msg'].removeprefix('Value error, ')}"
    return f"{place}: {first['msg']} (got {given!r})"


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that takes the fewest edits; None if it is more than half of them."""
    close = difflib.get_close_matches(word, known, 1, cutoff=0.75)
    if close:
        return close[0]
    distance, best = min(((_edits(word.lower(), other.lower()), other) for other in known), default=(0, None))
    return best if best is not None and distance <= max(1, max(len(word), len(best)) // 2) else None


def sections(root: type[BaseModel]) -> dict[type[BaseModel], str]:
    """All models below `root`, each with the dotted place of its first appearance; "" for the root."""
    found: dict[type[BaseModel], str] = {}

    def walk(model: type[BaseModel], place: str) -> None:
        if model not in found:
            found[model] = place
            for name, field in model.model_fields.items():
                for inner in _models(field.annotation):
                    walk(inner, f"{place}.{name}".removeprefix("."))

    walk(root, "")
    return found


def _meant(place: Place, root: type[BaseModel]) -> str:
    """`; did you mean …?`: the nearest key of the same section, else of another one, with its name."""
    word = str(place[-1])
    own = nearest(word, list(_at(root, place[:-1]).model_fields))
    if own and difflib.SequenceMatcher(None, word, own).ratio() >= 0.6:
        return f"; did you mean {own}?"
    for model, where in sections(root).items():
        close = difflib.get_close_matches(word, list(model.model_fields), 1, cutoff=0.8)
        if close:
            return f"; did you mean {where + '.' if where else ''}{close[0]}?"
    return f"; did you mean {own}?" if own else ""


def _at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """The model whose keys are meant at a place; parts that name no key (indices, kinds of a union) choose among it."""
    candidates = [model]
    for part in place:
        inner = [m for c in candidates if part in c.model_fields for m in _models(c.model_fields[str(part)].annotation)]
        chosen = [c for c in candidates if "kind" in c.model_fields and c.model_fields["kind"].default == part]
        candidates = inner or chosen or candidates
    return candidates[0]


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Models in an annotation such as `tuple[Annotated[A | B, …], …] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple, list):
        return [model for inner in get_args(annotation) for model in _models(inner)]
    return []


def _edits(a: str, b: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two words (Damerau, 1964)."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
