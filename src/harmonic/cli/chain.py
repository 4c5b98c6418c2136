"""A chain of degradations as a user writes it: YAML, or JSON, which is YAML."""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, get_args

from harmonic.errors import UsageError

if TYPE_CHECKING:
    from harmonic.degrade.kinds import Chain


def parse_chain(text: str) -> "Chain":
    """A list of steps, or one step. Raises UsageError that names the place and the nearest right word."""
    import yaml

    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"--chain: is not valid YAML ({' '.join(str(error).split())})") from None
    return _checked(tree if isinstance(tree, list) else [tree])


def _checked(tree: list[Any]) -> "Chain":
    from harmonic.degrade.kinds import CHAIN, Degradation

    kinds = {step.model_fields["kind"].default: step for step in get_args(get_args(Degradation)[0])}
    for number, step in enumerate(tree, 1):
        if not isinstance(step, dict) or "kind" not in step:
            raise UsageError(f"--chain: step {number} is {step!r}; a step has the form {{kind: blur, sigma: 1.6}}")
        if not (isinstance(step["kind"], str) and step["kind"] in kinds):
            raise UsageError(f"--chain: step {number}: unknown kind {step['kind']!r}{_nearest(step['kind'], kinds)}")
        known = kinds[step["kind"]].model_fields
        for key in step:
            if key not in known:
                raise UsageError(f"--chain: step {number}, {step['kind']}: unknown key {key!r}{_nearest(key, known)}")
    try:
        return CHAIN.validate_python(tree)
    except ValueError as error:  # pydantic's, of which the first is enough
        first = error.errors()[0]  # pyright: ignore[reportAttributeAccessIssue]
        number, *place = first["loc"]
        told = "is missing" if first["type"] == "missing" else f"{first['msg']} (got {first['input']!r})"
        raise UsageError(f"--chain: step {number + 1}, {' '.join(map(str, place))}: {told}") from None


def _nearest(word: object, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(word), known, 1)
    return f"; did you mean {near[0]}?" if near else f"; use one of {', '.join(known)}"
