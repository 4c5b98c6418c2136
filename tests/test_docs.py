"""The documents name what exists, and what exists is documented."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


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


def options() -> dict[str, set[str]]:
    """Options by command, `harmonic NAME` or `benchmarks/NAME.py`."""
    _, *parts = re.split(r"^## (harmonic [a-z ]+)$", read("docs/commands.md"), flags=re.MULTILINE)
    found = {
        name: set(OPTION.findall("\n".join(re.findall(r"^  (-.*?)(?:  |$)", text, re.MULTILINE))))
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
    shared = quoted_options("benchmarks/comparison.py")  # of the ladder and the ablation
    scripts = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("benchmarks/*.py")]
    return found | {name: quoted_options(name) | shared for name in scripts}


def quoted_options(script: str) -> set[str]:
    return set(re.findall(r'"(--[a-z0-9-]+)"', read(script)))


def wrong_options(page: str) -> list[str]:
    """Commands of a page with options that they do not have; options that stand alone and are those of no command."""
    known = options()
    names = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    calls = re.finditer(rf"({names})(?![\w-])([^\n`|;&#]*)", code(page).replace("\\\n", " "))
    wrong = [call[0] for call in calls if not set(OPTION.findall(call[2])) <= known[call[1]]]
    alone = re.findall(r"`(--[^`]+)`", page)
    return wrong + [span for span in alone if not set(OPTION.findall(span)) <= set().union(*known.values())]


@pytest.mark.parametrize("name", [page for page in PAGES if page != "docs/log.md"])  # which tells what was once run
def test_options_in_the_documents_exist(name: str):
    assert wrong_options(read(name)) == []


def test_a_planted_option_is_found():
    page = "```sh\nharmonic restore a.png \\\n  --tile 64 --nonsense 3  # --not-an-option\n```\n`--maps` `--nonsense`"
    assert wrong_options(page) == ["harmonic restore a.png    --tile 64 --nonsense 3  ", "--nonsense"]
    assert wrong_options("`python benchmarks/ladder.py --data DIR --crew 3`") != []


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
