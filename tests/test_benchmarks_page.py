"""docs/benchmarks.md is what results/ say: contents are compared, not dates of files."""

import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from scripts import script

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return script("page")


def test_the_page_is_as_new_as_the_results(generator):
    assert (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == generator.page(), "run make docs"


def test_the_table_of_the_readme_is_as_new_as_the_results(generator):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == generator.with_headline(text, generator.headline(generator.RESULTS)), "run make docs"
    with pytest.raises(ValueError, match="are missing"):
        generator.with_headline("no marks", "")


def test_every_file_of_results_is_on_the_page(generator):
    assert {file.name for file in (ROOT / "results").glob("*.json")} <= {section.file for section in generator.SECTIONS}


@pytest.mark.parametrize("file", sorted((ROOT / "results").glob("*.json")), ids=lambda file: file.name)
def test_every_file_of_results_says_how_and_when_it_was_made(file):
    content = json.loads(file.read_text())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", content["date"])
    assert content["command"].split()[0] in ("harmonic", "python", "make")
    assert "/tmp" not in content["command"] and "/home" not in content["command"]


@pytest.mark.parametrize("file", sorted((ROOT / "results").glob("equal-budget-*.json")), ids=lambda file: file.name)
def test_pictures_of_equal_budgets_are_of_these_figures(file):
    pareto = pytest.importorskip("harmonic.measure.pareto", reason="matplotlib is missing")
    with Image.open(file.with_suffix(".png")) as picture:
        assert picture.info["Source"] == pareto.drawn_from(json.loads(file.read_text())), (
            "run harmonic bench peers again"
        )


def test_published_rows_of_the_inputs_are_reproduced_to_a_hundredth_of_a_dB(generator):
    content = json.loads((ROOT / "results" / "quality-inputs.json").read_text())
    pairs = generator.reproduced(content, generator.read_published(generator.PUBLISHED))
    exact = [(s, row) for s, row in pairs if s["inputs_only"] or s["suite"] == "jpeg"]
    assert len(exact) == 9 + 4 + 8
    assert max(abs(score["before"]["psnr"] - row.psnr) for score, row in exact) < 0.01
