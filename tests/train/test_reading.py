"""Recipes are strict: every wrong key is refused, and the right one is named."""

import json
import random
import string
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from harmonic.errors import UsageError
from harmonic.network.config import NetworkConfig
from harmonic.train.reading import load_recipe, resolved, schema
from harmonic.train.recipe import Data, Recipe
from harmonic.train.suggest import nearest, sections

RECIPES = Path(__file__).parents[2] / "recipes"


def written(tmp_path, text, name="r.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text, override, message",
    [
        ("name: a\nsed: 5", None, "unknown key sed; did you mean seed?"),
        ("name: a\nlearning_rte: 5", None, "unknown key learning_rte; did you mean optimizer.learning_rate?"),
        ("name: a\nsteps: 5", None, "unknown key steps; did you mean schedule.steps?"),
        ("name: a\nlosses: {charbonier: 1}", None, "unknown key losses.charbonier; did you mean charbonnier?"),
        ("name: a\nmixture: {nose: 1}", None, "unknown key mixture.nose; did you mean noise?"),
        (
            "name: a\noptimizer: {wieght_decay: 1}",
            None,
            "unknown key optimizer.wieght_decay; did you mean weight_decay?",
        ),
        ("name: a\nschedule: {warmpu: 1}", None, "unknown key schedule.warmpu; did you mean warmup?"),
        ("name: a\nschedule: {phases: [{corp: 1}]}", None, "unknown key schedule.phases.0.corp; did you mean crop?"),
        ("name: a\nmodel: {preset: fsat}", None, "model.preset: Input should be 'tiny', 'fast'"),
        ("name: a\nmodel: {changes: {lf: {blok: 1}}}", None, "unknown key model.changes.lf.blok; did you mean blocks?"),
        ("name: a\nmodel: {changes: {bottleneck: [{kind: convv}]}}", None, "unknown kind convv; did you mean conv?"),
        ("name: a\nmodel: {changes: {bottleneck: [{kind: quxzzzy}]}}", None, "unknown kind quxzzzy; use one of conv, "),
        ("name: a\nmodel: {changes: {bottleneck: [{knid: conv}]}}", None, "did you mean kind instead of knid?"),
        ("nmae: a", None, "unknown key nmae; did you mean name?"),
        ("name: a\nschedule: {steps: many}", None, "schedule.steps: "),
        ("name: a\nschedule: {phases: [{crop: 66}]}", "losses.low=1", "multiples of 4 pixels; change crop 66"),
        ("name: a\nschedule: {phases: [{crop: 68}]}", "losses.laplacian=1", "multiples of 8 pixels; change crop 68"),
        ("name: a\nschedule: {phases: [{start: 0.5}]}", None, "phases start at 0"),
        ("name: a\noptimizer: {accumulate: 3}", None, "batch 8 cannot be accumulated in 3 parts"),
        ("name: a\ntexture: {}", None, "no texture head; set model.changes.hf.texture"),
        ("name: a\ntexture: {features: 1}", None, "features need losses.features_file"),
        ("name: a\nlosses: {features: 1}", None, "features need losses.features_file"),
        ("name: a/b", None, "name: "),
        ("just a sentence", None, "a recipe is"),
        ("name: [", None, "not valid YAML"),
        ("name: a\nlosses: {l1: 1}\nlosses: {fft: 1}", None, "key losses is given twice"),
        ("name: a\nlosses: {l1: 1, l1: 2}", None, "key l1 is given twice"),
        ("name: a\nlosses: {charbonnier: 0}", None, "losses: all weights are 0, so nothing would be learnt"),
        (
            "name: a\ntexture: {gan: 0, matching: 0, distance: 0, pixel: 0}",
            None,
            "texture: all weights are 0, so nothing would be learnt",
        ),
        ("name: a\noptimizer: {betas: [0.9, 1.0]}", None, "optimizer.betas.1: Input should be less than 1"),
        ("name: a\nseed: 99999999999999999999", None, "seed: Input should be less than"),
        ("name: a", "steps", "key=value"),
        ("name: a", "losses.fff=1", "unknown key losses.fff; did you mean fft?"),
        ("name: a", "losses.fft=[", "not valid YAML"),
        ("name: a", "losses=1", "losses: "),
        ("extends: gone.yaml", None, "gone.yaml: cannot be read"),
        ("extends: [r.yaml]", None, "give the path of one recipe"),
        ("extends: r.yaml", None, "extends itself"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_nearest_right_key(tmp_path, text, override, message):
    with pytest.raises(UsageError) as caught:
        load_recipe(written(tmp_path, text), [override] if override else [])
    assert message in str(caught.value) and "\n" not in str(caught.value)


def misspelt(word, rng):
    """One slip of the pen: a letter left out, doubled, replaced or exchanged with its neighbour."""
    while True:
        i = rng.randrange(len(word))
        letter = rng.choice(string.ascii_lowercase)
        slips = [word[:i] + word[i + 1 :], word[: i + 1] + word[i:], word[:i] + letter + word[i + 1 :],
                 word[:i] + word[i + 1 : i + 2] + word[i] + word[i + 2 :]]  # fmt: skip
        slip = rng.choice(slips)
        if slip and slip != word:
            return slip


def trees(root: type[BaseModel]):
    """(path of keys, model) for every section, the path leading to a mapping that holds the section's keys."""
    return {model: place.split(".") if place else [] for model, place in sections(root).items()}


def placed(path, key, model):
    """A tree in which `key` stands in the section at `path`; sections that are list members are wrapped."""
    inside = {key: 1}
    if "kind" in model.model_fields:
        inside["kind"] = model.model_fields["kind"].default
    tree = inside
    for part in reversed(path):
        lists = {"phases": 1, "bottleneck": 1, "encoder": 2, "decoder": 2, "blocks": 1}
        wrapped = tree
        for level in range(lists.get(part, 0)):
            wrapped = [wrapped] if level == 0 else [wrapped, [{"kind": "conv"}]]
        if part == "fusion":
            wrapped = [tree, {"kind": "conv"}]
        tree = {part: wrapped}
    return tree


def test_every_key_misspelt_is_refused_and_nearly_always_understood(tmp_path):
    """Every key of the schema, network included, with ten slips each."""
    rng, tried, understood = random.Random(0), 0, 0
    for root, prefix in ((Recipe, []), (NetworkConfig, ["model", "changes"])):
        for model, path in trees(root).items():
            for key in model.model_fields:
                for _ in range(10):
                    wrong = misspelt(key, rng)
                    if wrong in model.model_fields:
                        continue
                    tree = placed([*prefix, *path], wrong, model)
                    file = written(tmp_path, yaml.safe_dump({"name": "a", **tree} if key != "name" or path else tree))
                    with pytest.raises(UsageError) as caught:
                        load_recipe(file)
                    tried += 1
                    understood += f"did you mean {key}" in str(caught.value)
    assert tried > 500 and understood / tried >= 0.95, f"{understood} of {tried}"


def test_overrides_reach_nested_keys_and_the_network(tmp_path):
    path = written(tmp_path, "name: a\nmodel: {preset: tiny}")
    got = load_recipe(path, ["losses.fft=0.5", "model.changes.lf=null", "model.changes.fusion=null"])
    assert got.losses.fft == 0.5 and got.model.config().lf is None
    assert got.hash() != load_recipe(path).hash()


def test_hashes_on_record_stay_what_they_are():
    """results/ and states outside the project hold them: a younger key must not change those of older recipes."""
    assert Recipe(name="a").hash() == "55750988d0a3f31a"
    assert Recipe(name="a", data=Data(detailed=0.5)).hash() != Recipe(name="a").hash()


def test_a_recipe_is_laid_over_the_one_that_it_extends(tmp_path):
    (tmp_path / "below").mkdir()
    written(tmp_path, "name: first\nseed: 3\nlosses: {fft: 0.5, l1: 0.1}", "below/first.yaml")
    written(tmp_path, "extends: below/first.yaml\nname: second\nlosses: {fft: 0.2}", "second.yaml")
    got = load_recipe(written(tmp_path, "extends: second.yaml\nname: third"))
    assert (got.name, got.seed, got.losses.fft, got.losses.l1) == ("third", 3, 0.2, 0.1)


def test_a_resolved_recipe_is_a_recipe_of_the_same_hash(tmp_path):
    first = load_recipe(
        written(tmp_path, "name: a\nmodel: {preset: tiny}\nschedule: {phases: [{crop: 32}, {start: 0.5}]}")
    )
    again = load_recipe(written(tmp_path, resolved(first)))
    assert again == first and again.hash() == first.hash() and first.hash() in resolved(first)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_recipes_of_the_package_are_right_and_bear_their_names(path):
    assert load_recipe(path).name == path.stem


def test_the_schema_for_editors_is_that_of_the_code():
    assert json.loads((RECIPES / "recipe.schema.json").read_text()) == schema(), "run `make docs`"


def test_nearest_prefers_few_edits():
    assert nearest("lr", ["l1", "low", "steps"]) == "l1"
    assert nearest("zzzzzz", ["l1", "low", "steps"]) is None
