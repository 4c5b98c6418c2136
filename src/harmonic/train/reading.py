"""Recipes from files: YAML, `extends:`, dotted overrides; every mistake is one line that names file and key."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import ValidationError
from yaml.constructor import ConstructorError

from harmonic.errors import UsageError
from harmonic.network.config import NetworkConfig
from harmonic.network.harmonic import Harmonic
from harmonic.train.recipe import Recipe, merged
from harmonic.train.suggest import explain


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file, what it extends, and dotted overrides such as `losses.fft=0.1`.

    Raises `UsageError` for a file that cannot be read, a key that does not exist or a value that does not fit.
    """
    tree = _tree(path, ())
    for override in overrides:
        tree = merged(tree, _branch(override))
    try:
        recipe = Recipe.model_validate(tree)
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error, Recipe)}") from None
    try:
        config = recipe.model.config()
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error, NetworkConfig, 'model.changes')}") from None
    try:
        with torch.device("meta"):  # what blocks refuse is known before any picture is read; takes no memory
            Harmonic(config)
    except ValueError as error:
        raise UsageError(f"{path}: model.changes: {error}") from None
    if recipe.texture is not None and not config.generates:
        raise UsageError(f"{path}: texture: this network has no texture head; set model.changes.hf.texture")
    for phase in recipe.schedule.phases:
        if recipe.texture is not None and phase.crop * config.scale % config.cell:
            raise UsageError(
                f"{path}: texture: targets must be multiples of {config.cell} pixels; change crop {phase.crop}"
            )
    return recipe


def resolved(recipe: Recipe) -> str:
    """YAML of all values, defaults included; itself a recipe."""
    values = recipe.model_dump(mode="json")
    return f"# resolved recipe, hash {recipe.hash()}\n" + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def schema() -> dict[str, Any]:
    """JSON schema of recipe files, for editors."""
    result = Recipe.model_json_schema()
    result["properties"]["extends"] = {
        "type": "string", "description": "another recipe, relative to this file, over which this one is laid",
    }  # fmt: skip
    result["required"] = []  # what is missing may come from there
    return result


class _Loader(yaml.SafeLoader):
    """Refuses a key that a mapping has twice, as YAML 1.2 does; PyYAML forgets the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key in (name for name, _ in node.value if isinstance(name, yaml.ScalarNode)):
            if key.value in seen:
                raise ConstructorError(None, None, f"key {key.value} is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _tree(path: Path, below: tuple[Path, ...]) -> dict[str, Any]:
    """A recipe's mapping, laid over what it extends."""
    if path.resolve() in below:
        raise UsageError(f"{path}: extends itself, by way of {below[-1].name}; remove one `extends`")
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); give the path of a recipe (.yaml)") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(tree, dict):
        raise UsageError(f"{path}: a recipe is a list of `key: value` lines; see recipes/restore_fast.yaml")
    extends = tree.pop("extends", None)
    if extends is None:
        return tree
    if not isinstance(extends, str):
        raise UsageError(f"{path}: extends: give the path of one recipe, relative to this file (got {extends!r})")
    return merged(_tree(path.parent / extends, (*below, path.resolve())), tree)


def _branch(override: str) -> dict[str, Any]:
    key, sign, value = override.partition("=")
    if not sign:
        raise UsageError(f"{override}: an override has the form key=value, such as losses.fft=0.1")
    try:
        branch = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UsageError(f"{override}: the value is not valid YAML") from None
    for part in reversed(key.split(".")):
        branch = {part: branch}
    return branch
