"""The documents name what exists, and what exists is documented."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))


def code(page: str) -> str:
    """All code of a page: blocks and `spans`."""
    return "\n".join(re.findall(r"```.*?```|`[^`]+`", page, re.DOTALL))


@pytest.mark.parametrize("name", PAGES)
def test_make_commands_in_the_documents_exist(name: str):
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code(read(name)))) <= make_targets()


def test_every_make_target_is_in_the_readme():
    missing = make_targets() - {"help"} - set(re.findall(r"\bmake ([a-z][a-z-]*)", code(read("README.md"))))
    assert not missing


def test_every_make_target_says_what_it_does():
    assert set(re.findall(r"^([a-z-]+):.*## \S", read("Makefile"), re.MULTILINE)) == make_targets()


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_harmonic_commands_in_the_documents_exist(name: str):
    known = set(re.findall(r"^## harmonic ([a-z ]+)$", read("docs/commands.md"), re.MULTILINE))
    used = set(re.findall(r"\bharmonic ((?:bench )?[a-z]+)\b", code(read(name)))) - {"import"}  # from harmonic import
    assert used <= known


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(name: str):
    links = re.findall(r"\]\(([^)#\s]+)", read(name))
    missing = [to for to in links if "://" not in to and not ((ROOT / name).parent / to).exists()]
    assert not missing


def test_the_changelog_opens_with_unreleased():
    assert re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)[0] == "Unreleased"


def test_the_architecture_fits_on_a_few_screens():
    assert len(read("ARCHITECTURE.md").splitlines()) <= 150


def test_every_room_is_on_both_maps():
    rooms = {path.parent.name for path in (ROOT / "src" / "harmonic").glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"^  ([a-z]+)/ ", read("README.md"), re.MULTILINE))
    assert rooms <= set(re.findall(r"\*\*([a-z]+)\*\*", read("ARCHITECTURE.md")))


def test_torch_is_the_first_line_of_the_lock():
    """The Makefile installs that line alone, and before everything else."""
    pins = [line for line in read("requirements.lock").splitlines() if line and not line.startswith("#")]
    assert pins[0].startswith("torch==")
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin) for pin in pins)


def test_modules_and_tests_on_the_map_of_ideas_exist():
    named = set(re.findall(r"`((?:\w+/)+[\w*]+(?:\.py)?)`", (ROOT / "docs" / "modules.md").read_text()))
    roots = (ROOT / "tests", ROOT / "src" / "harmonic", ROOT)
    assert len(named) > 50
    assert [name for name in sorted(named) if not any(list(root.glob(name.rstrip("*") + "*")) for root in roots)] == []
